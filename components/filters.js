// The filters of a list: a search field, lists to choose from, and what is set as chips that can be taken away.
// On a phone the lists wait behind one button in a sheet.
export default {
  template: `
    <div class="filters">
      <div class="filter-bar">
        <label class="filter-search">
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#search'" /></svg>
          <input type="search" class="field" :placeholder="texts.search" :aria-label="texts.search" v-model="search" maxlength="200" enterkeyhint="search" @input="wait" @keydown.enter.prevent="send" />
        </label>
        <button type="button" class="native-button filter-open" @click="$refs.sheet.showModal()">
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#filter'" /></svg>{{ texts.filters }}<b v-if="chips.length" class="num">{{ chips.length }}</b>
        </button>
      </div>
      <component :is="isPhone ? 'dialog' : 'div'" ref="sheet" class="filter-sheet" :aria-label="texts.filters" @click="shut">
        <div class="filter-lists">
          <label v-for="list in lists" :key="list.name"><span class="field-label">{{ list.label }}</span>
            <select class="select" :class="{ 'is-set': list.value }" :value="list.value" :aria-label="list.label" @change="$emit('change', { name: list.name, value: $event.target.value })">
              <option value="">{{ isPhone ? texts.any : list.label }}</option>
              <option v-for="[value, text] in list.options" :key="value" :value="value">{{ text }}</option>
            </select></label>
          <label v-for="day in days" :key="day.name" class="filter-day"><span>{{ day.label }}</span>
            <input type="date" class="field" :class="{ 'is-set': day.value }" :value="day.value" @change="$emit('change', { name: day.name, value: $event.target.value })" /></label>
        </div>
        <div v-if="isPhone" class="filter-foot">
          <button type="button" class="native-button is-quiet" @click="$emit('clear')">{{ texts.clear }}</button>
          <button type="button" class="native-button is-primary" @click="$refs.sheet.close()">{{ texts.done }}</button>
        </div>
      </component>
      <div v-if="chips.length" class="filter-chips">
        <button v-for="chip in chips" :key="chip.name" type="button" class="filter-chip" :aria-label="texts.remove + ': ' + chip.text" @click="$emit('change', { name: chip.name, value: '' })">
          <span dir="auto">{{ chip.text }}</span><svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#close'" /></svg>
        </button>
        <button type="button" class="native-button is-quiet" @click="$emit('clear')">{{ texts.clear }}</button>
      </div>
    </div>`,
  props: { value: String, lists: Array, days: { type: Array, default: () => [] }, chips: Array, texts: Object, icons: String },
  emits: ["change", "clear"],
  data() {
    return { search: this.value, isPhone: false };
  },
  mounted() {
    this.media = window.matchMedia("(max-width: 699px)");
    this.isPhone = this.media.matches;
    this.media.onchange = () => (this.isPhone = this.media.matches);
  },
  beforeUnmount() {
    this.media.onchange = null;
    clearTimeout(this.timer);
  },
  watch: {
    value() {
      if (!this.timer) this.search = this.value; // what is being typed wins
    },
  },
  methods: {
    wait() {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.send, 350);
    },
    send() {
      clearTimeout(this.timer);
      this.timer = 0;
      if (this.search.trim() !== this.value) this.$emit("change", { name: "search", value: this.search.trim() });
    },
    shut(event) {
      if (event.target === this.$refs.sheet && this.isPhone) this.$refs.sheet.close();
    },
  },
};
