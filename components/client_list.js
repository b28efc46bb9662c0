// Clients as one element: a table on a wide place, two-line cards on a narrow one; each row is a real link, and beside
// those who may be invited back stands a button of its own.
export default {
  template: `
    <div class="client-list" :class="'is-' + kind">
      <div class="client-row client-head" aria-hidden="true"><span v-for="name in columns" :key="name">{{ name }}</span></div>
      <ul class="client-rows" role="list" ref="rows" @keydown="move">
        <li v-for="row in rows" :key="row.key" class="client-item" :class="{ 'is-selected': row.key === selected }">
          <a :href="row.href" class="plain-link client-row" :aria-current="row.key === selected ? 'true' : undefined">
            <span v-for="(cell, i) in row.cells" :key="i" :class="['c-' + i, cell.tone && 'tone-' + cell.tone]" dir="auto">
              <span v-if="cell.pill" class="pill"><span>{{ cell.pill }}</span></span>
              <b v-if="cell.text">{{ cell.text }}</b>
              <small v-if="cell.note"><svg v-if="cell.icon" class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#' + cell.icon" /></svg>{{ cell.note }}</small>
            </span>
          </a>
          <div v-if="kind === 'win-back'" class="client-act">
            <button v-if="row.canInvite" type="button" class="native-button" :aria-disabled="!!row.unable" :title="row.unable || texts.invite" @click="row.unable || $emit('invite', row.key)">
              <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#gift'" /></svg><span>{{ texts.invite }}</span>
            </button>
          </div>
        </li>
      </ul>
      <div v-if="hasMore" class="dialog-more" ref="end">
        <button type="button" class="native-button" :aria-disabled="isAsking" @click="ask">{{ isAsking ? texts.loading : texts.more }}</button>
      </div>
    </div>`,
  props: { rows: { type: Array, default: () => [] }, columns: Array, kind: String, selected: String, hasMore: Boolean, texts: Object, icons: String },
  emits: ["invite", "more"],
  data: () => ({ isAsking: false }),
  mounted() {
    this.observer = new IntersectionObserver(([entry]) => entry.isIntersecting && this.ask(), { rootMargin: "300px" });
    this.watchEnd();
  },
  beforeUnmount() {
    this.observer.disconnect();
  },
  watch: {
    rows() {
      this.isAsking = false;
      this.$nextTick(this.watchEnd);
    },
    hasMore() {
      this.$nextTick(this.watchEnd);
    },
  },
  methods: {
    watchEnd() {
      this.observer.disconnect();
      if (this.$refs.end) this.observer.observe(this.$refs.end);
    },
    ask() {
      if (this.isAsking) return;
      this.isAsking = true;
      this.$emit("more");
    },
    rest() {
      this.isAsking = false;
    },
    move(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const links = [...this.$refs.rows.querySelectorAll(".client-row")];
      const next = links[links.indexOf(document.activeElement) + step];
      if (!step || !next) return;
      event.preventDefault();
      next.focus();
    },
  },
};
