// The waiting list as one element. A row is a link to its entry; it can be chosen together with others and acted on from
// the keyboard: arrows move, Space chooses, and letters act, in any keyboard layout: on the chosen rows together if the
// act is one that several can have, else on the row that has the focus.
export default {
  template: `
    <div class="waiting-list">
      <ul class="waiting-rows" role="list" ref="rows" @keydown="press">
        <template v-for="(row, i) in rows" :key="row.key">
          <li v-if="row.group && (!i || rows[i - 1].group !== row.group)" class="waiting-group" role="heading" aria-level="2">{{ row.group }}</li>
          <li class="waiting-item" :class="{ 'is-selected': row.key === open, 'is-new': row.isNew, 'is-missed': row.isMissed, 'is-chosen': picked.includes(row.key) }">
            <label class="waiting-choose"><input type="checkbox" :checked="picked.includes(row.key)" :aria-label="texts.choose + ': ' + row.client" @change="toggle(row.key)" /></label>
            <a :href="row.href" class="plain-link waiting-row" :data-key="row.key" :aria-current="row.key === open ? 'true' : undefined">
              <span class="w-client"><b dir="auto">{{ row.client }}</b><small>{{ row.phone }}</small></span>
              <span class="w-wish"><b dir="auto">{{ row.service }}</b><small dir="auto">{{ row.staff }}</small></span>
              <span class="w-when"><b>{{ row.wished }}</b><small>{{ row.time }}</small></span>
              <span class="w-since"><small>{{ row.since }}</small></span>
              <span class="w-state"><span v-for="pill in row.pills" :key="pill.text" class="pill" :class="'tone-' + pill.tone">{{ pill.text }}</span></span>
              <small v-if="row.comment" class="w-comment" dir="auto">{{ row.comment }}</small>
            </a>
            <span v-if="row.buttons.length" class="waiting-acts">
              <button v-for="act in row.buttons" :key="act" type="button" class="native-button" :class="act === 'convert' ? 'is-good' : 'is-quiet'" :title="buttons[act].title" :aria-disabled="!!buttons[act].why" :aria-label="buttons[act].text + ': ' + row.client" @click="run(act, [row.key])">
                <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#' + buttons[act].icon" /></svg><span>{{ buttons[act].text }}</span>
              </button>
            </span>
          </li>
        </template>
      </ul>
      <div v-if="hasMore" class="dialog-more"><button type="button" class="native-button" :aria-disabled="isAsking" @click="ask">{{ isAsking ? texts.loading : texts.more }}</button></div>
    </div>`,
  props: { rows: { type: Array, default: () => [] }, chosen: { type: Array, default: () => [] }, open: String, hasMore: Boolean, buttons: Object, together: Array, texts: Object, icons: String },
  emits: ["choose", "act", "more"],
  data() {
    return { isAsking: false, picked: this.chosen }; // what was chosen here counts at once, not only when the server knows
  },
  watch: {
    chosen() {
      this.picked = this.chosen;
    },
    rows() {
      this.isAsking = false;
    },
  },
  methods: {
    toggle(key) {
      this.picked = this.picked.includes(key) ? this.picked.filter((k) => k !== key) : [...this.picked, key];
      this.$emit("choose", this.picked);
    },
    run(act, keys) {
      const isPossible = keys.every((key) => this.rows.find((row) => row.key === key)?.acts.includes(act));
      if (isPossible && !this.buttons[act].why) this.$emit("act", { act, keys });
    },
    ask() {
      if (this.isAsking) return;
      this.isAsking = true;
      this.$emit("more");
    },
    rest() {
      this.isAsking = false;
    },
    press(event) {
      if (event.metaKey || event.ctrlKey || event.altKey || event.repeat && event.key.length === 1) return;
      const links = [...this.$refs.rows.querySelectorAll(".waiting-row")];
      const link = event.target.closest(".waiting-item")?.querySelector(".waiting-row");
      const next = links[links.indexOf(link) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] || 0)];
      const key = link?.dataset.key;
      const act = Object.keys(this.buttons).find((name) => this.buttons[name].code === event.code);
      if (next && next !== link) next.focus();
      else if (key && event.code === "Space" && event.target === link) this.toggle(key);
      else if (key && act) this.run(act, this.picked.length && this.together.includes(act) ? this.picked : [key]);
      else return;
      event.preventDefault();
    },
  },
};
