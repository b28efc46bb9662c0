// The period of a page: one tap for the usual ones, two dates for any other.
export default {
  template: `
    <div class="period-picker">
      <div class="segmented is-scrolling" role="group" :aria-label="texts.label" ref="row">
        <button v-for="[name, text] in names" :key="name" type="button" :data-name="name" :aria-pressed="(isOpen ? 'custom' : value) === name" :aria-expanded="name === 'custom' ? isOpen : undefined"
          @click="pick(name)">{{ name === "custom" && value === "custom" && !isOpen ? title : text }}</button>
      </div>
      <form v-if="isOpen" class="period-form" novalidate @submit.prevent="apply" @keydown.escape="isOpen = false">
        <label><span class="field-label">{{ texts.from }}</span>
          <input ref="from" type="date" class="field" :class="{ 'has-error': problem }" v-model="from" :max="today" required aria-describedby="period-problem" /></label>
        <label><span class="field-label">{{ texts.to }}</span>
          <input type="date" class="field" :class="{ 'has-error': problem }" v-model="to" :max="today" required aria-describedby="period-problem" /></label>
        <button type="submit" class="native-button is-primary">{{ texts.apply }}</button>
        <p class="field-error" id="period-problem" role="alert">{{ problem }}</p>
      </form>
    </div>`,
  props: { names: Array, value: String, title: String, first: String, last: String, today: String, problem: String, texts: Object },
  emits: ["pick"],
  data() {
    return { isOpen: false, from: this.first, to: this.last };
  },
  mounted() {
    this.reveal();
  },
  watch: {
    value() {
      this.$nextTick(this.reveal);
    },
    first: "adopt",
    last: "adopt",
    title() {
      this.isOpen = false;
    },
  },
  methods: {
    adopt() {
      this.from = this.first;
      this.to = this.last;
    },
    reveal() {
      const chosen = this.$refs.row.querySelector("[aria-pressed=true]");
      if (chosen) this.$refs.row.scrollLeft = chosen.offsetLeft - (this.$refs.row.clientWidth - chosen.offsetWidth) / 2;
    },
    pick(name) {
      if (name === "custom") {
        this.isOpen = !this.isOpen;
        if (this.isOpen) this.$nextTick(() => this.$refs.from.focus());
        return;
      }
      this.isOpen = false;
      this.$emit("pick", { name });
    },
    apply() {
      this.$emit("pick", { name: "custom", first: this.from || "", last: this.to || "" });
    },
  },
};
