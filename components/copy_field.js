// A text to hand over, with a button that copies it; where the clipboard is closed the text is selected instead. A short
// one is the button only, and shows the text when it could not be copied.
export default {
  template: `
    <span class="copy-field" :class="{ 'is-short': isShort && !hasFailed }">
      <input ref="field" class="field" :class="{ 'sr-only': isShort && !hasFailed }" :tabindex="isShort && !hasFailed ? -1 : 0" :aria-hidden="isShort && !hasFailed" readonly :value="text" :aria-label="label" @focus="$event.target.select()" />
      <button type="button" class="native-button" :class="{ 'is-primary': !isShort }" :title="label" @click="copy($event.currentTarget)">
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + (isCopied ? '#check' : '#copy')" /></svg><span role="status">{{ isCopied ? texts.copied : hasFailed ? texts.failed : texts.copy }}</span>
      </button>
    </span>`,
  props: { text: String, label: String, isShort: Boolean, texts: Object, icons: String },
  data: () => ({ isCopied: false, hasFailed: false }),
  methods: {
    async copy(button) {
      this.$refs.field.select();
      try {
        await navigator.clipboard.writeText(this.text);
        this.isCopied = true;
      } catch {
        this.isCopied = document.execCommand("copy");
      }
      this.hasFailed = !this.isCopied;
      if (this.isCopied) button.focus();
      else this.$nextTick(() => this.$refs.field.select());
      setTimeout(() => (this.isCopied = false), 4000);
    },
  },
};
