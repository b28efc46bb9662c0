// A text to hand over, with a button that copies it; where the clipboard is closed the text is selected instead.
export default {
  template: `
    <span class="copy-field">
      <input ref="field" class="field" readonly :value="text" :aria-label="label" @focus="$event.target.select()" />
      <button type="button" class="native-button is-primary" @click="copy">
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + (isCopied ? '#check' : '#copy')" /></svg><span role="status">{{ isCopied ? texts.copied : texts.copy }}</span>
      </button>
    </span>`,
  props: { text: String, label: String, texts: Object, icons: String },
  data: () => ({ isCopied: false }),
  methods: {
    async copy() {
      this.$refs.field.select();
      try {
        await navigator.clipboard.writeText(this.text);
        this.isCopied = true;
      } catch {
        this.isCopied = document.execCommand("copy");
      }
      setTimeout(() => (this.isCopied = false), 4000);
    },
  },
};
