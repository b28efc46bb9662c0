// A form that sets a password: plain HTTP, so that browsers and password managers know what it is.
// What can be seen to be wrong here is said at once, because the server cannot give back what was typed.
export default {
  template: `
    <form method="post" :action="action" class="login-fields password-form" novalidate @submit="check">
      <input class="sr-only" type="email" name="username" autocomplete="username" tabindex="-1" aria-hidden="true" readonly :value="email" />
      <template v-for="field in fields" :key="field.name">
        <label class="field-label" :for="'field-' + field.name">{{ field.label }}</label>
        <span class="login-password">
          <input :id="'field-' + field.name" ref="inputs" class="field" :class="{ 'has-error': shown[field.name] }" :type="isShown ? 'text' : 'password'" :name="field.name" :autocomplete="field.autocomplete"
            required :aria-invalid="!!shown[field.name]" :aria-describedby="'about-' + field.name" @input="shown[field.name] = ''" />
          <button type="button" class="native-button is-quiet" :aria-pressed="isShown" :aria-label="isShown ? texts.hide : texts.show" :title="isShown ? texts.hide : texts.show" @click="isShown = !isShown">
            <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + (isShown ? '#eye-off' : '#eye')" /></svg>
          </button>
        </span>
        <span :id="'about-' + field.name" :class="shown[field.name] ? 'field-error' : 'field-about'" :role="shown[field.name] ? 'alert' : undefined">{{ shown[field.name] || field.hint }}</span>
      </template>
      <button type="submit" class="native-button is-primary" :class="{ 'is-busy': isBusy }" :aria-disabled="isBusy">{{ texts.submit }}</button>
    </form>`,
  props: { action: String, email: String, fields: Array, errors: Object, texts: Object, icons: String, shortest: Number, longest: Number, takesFocus: Boolean },
  data() {
    return { isShown: false, isBusy: false, shown: { ...this.errors } };
  },
  mounted() {
    const wrong = this.fields.findIndex((field) => this.shown[field.name]);
    if (wrong >= 0 || this.takesFocus) this.$refs.inputs[Math.max(wrong, 0)].focus();
    window.addEventListener("pageshow", this.rest);
  },
  beforeUnmount() {
    window.removeEventListener("pageshow", this.rest);
  },
  methods: {
    rest() {
      this.isBusy = false;
    },
    check(event) {
      const value = Object.fromEntries(this.fields.map((field, i) => [field.name, this.$refs.inputs[i].value]));
      const found = {};
      for (const field of this.fields) if (!value[field.name]) found[field.name] = this.texts.required;
      if (found.password);
      else if ([...value.password].length < this.shortest) found.password = this.texts.password_short;
      else if (new TextEncoder().encode(value.password).length > this.longest) found.password = this.texts.password_long;
      else if (value.password.trim().toLowerCase() === this.email.toLowerCase()) found.password = this.texts.password_email;
      else if (value.again && value.password !== value.again) found.again = this.texts.password_differs;
      this.shown = found;
      const wrong = this.fields.findIndex((field) => found[field.name]);
      if (wrong < 0) return (this.isBusy = true);
      event.preventDefault();
      this.$refs.inputs[wrong].focus();
    },
  },
};
