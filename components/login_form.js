// The sign-in card: a real form that the browser and its password manager know how to fill and send.
export default {
  template: `
    <main class="login">
      <div class="login-card card">
        <div class="login-brand"><img :src="logo" alt="" width="44" height="44" /><span>Agent P</span></div>
        <div><h1 class="page-title">{{ texts.title }}</h1><p class="page-subtitle">{{ texts.subtitle }}</p></div>
        <div v-if="error" class="note tone-bad" role="alert" id="login-error">{{ error }}</div>
        <form method="post" :action="action" class="login-fields" @submit="isBusy = true">
          <input v-for="(value, name) in hidden" :key="name" type="hidden" :name="name" :value="value" />
          <label class="field-label" for="login-email">{{ texts.email }}</label>
          <input id="login-email" ref="email" class="field" :class="{ 'has-error': error }" type="email" name="email" autocomplete="username" inputmode="email" autocapitalize="none"
            spellcheck="false" required :defaultValue="email" :aria-describedby="error ? 'login-error' : undefined" />
          <label class="field-label" for="login-password">{{ texts.password }}</label>
          <span class="login-password">
            <input id="login-password" ref="password" class="field" :class="{ 'has-error': error }" :type="isShown ? 'text' : 'password'" name="password" autocomplete="current-password" required />
            <button type="button" class="native-button is-quiet" :aria-pressed="isShown" :aria-label="isShown ? texts.hide : texts.show" :title="isShown ? texts.hide : texts.show" @click="isShown = !isShown">
              <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + (isShown ? '#eye-off' : '#eye')" /></svg>
            </button>
          </span>
          <button type="submit" class="native-button is-primary" :class="{ 'is-busy': isBusy }" :aria-disabled="isBusy">{{ isBusy ? texts.busy : texts.submit }}</button>
        </form>
      </div>
      <div class="login-languages" role="group" :aria-label="texts.language">
        <button v-for="[code, name] in languages" :key="code" type="button" class="native-button is-quiet" :lang="code" :aria-pressed="code === language" @click="$emit('language', code)">{{ name }}</button>
      </div>
    </main>`,
  props: { texts: Object, languages: Array, language: String, email: String, error: String, action: String, hidden: Object, icons: String, logo: String },
  emits: ["language"],
  data: () => ({ isShown: false, isBusy: false }),
  mounted() {
    (this.email ? this.$refs.password : this.$refs.email).focus();
    window.addEventListener("pageshow", this.rest); // back from another page: the form is free again
  },
  beforeUnmount() {
    window.removeEventListener("pageshow", this.rest);
  },
  methods: {
    rest() {
      this.isBusy = false;
    },
  },
};
