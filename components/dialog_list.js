// Dialogs as one element: a table on a wide place, two-line cards on a narrow one; each row is a real link.
// Rows are keyed, so scroll and focus survive live updates; a row that changed glows once.
export default {
  template: `
    <div class="dialog-list">
      <div class="dialog-head" aria-hidden="true"><span v-for="name in texts.columns" :key="name">{{ name }}</span></div>
      <ul class="dialog-rows" role="list" ref="rows" @keydown="move">
        <li v-for="row in rows" :key="row.key">
          <a :href="row.href" class="plain-link dialog-row" :class="{ 'is-selected': row.key === selected, 'is-fresh': fresh[row.key], 'is-active': row.isActive }"
            :aria-current="row.key === selected ? 'true' : undefined" @click="open($event, row)">
            <span class="d-client"><b dir="auto">{{ row.client }}</b><small>{{ row.phone }}</small></span>
            <span class="d-started"><svg class="icon" viewBox="0 0 24 24" role="img" :aria-label="row.channel"><title>{{ row.channel }}</title><use :href="icons + '#' + row.channelIcon" /></svg>{{ row.started }}</span>
            <span class="d-status"><span class="pill" :class="'tone-' + row.statusTone"><i v-if="row.isActive" class="dot"></i><span>{{ row.status }}</span></span></span>
            <span class="d-intent">{{ row.intent }}</span>
            <span class="d-booking" :class="'tone-' + row.bookingTone"><b>{{ row.booking }}</b><small>{{ row.bookingNote }}</small><small v-if="!row.booking && !row.bookingNote" class="d-instead">{{ row.intent }}</small></span>
            <span class="d-services" dir="auto"><b>{{ row.staff }}</b><small>{{ row.services }}</small></span>
            <span class="d-preview" dir="auto">{{ row.preview }}</span>
            <span class="d-count num" :title="texts.messages">{{ row.count }}</span>
          </a>
        </li>
      </ul>
      <div v-if="hasMore" class="dialog-more" ref="end">
        <button type="button" class="native-button" :aria-disabled="isAsking" @click="ask">{{ isAsking ? texts.loading : texts.more }}</button>
      </div>
    </div>`,
  props: { rows: { type: Array, default: () => [] }, selected: String, hasMore: Boolean, takesClicks: Boolean, followsEnd: Boolean, texts: Object, icons: String },
  emits: ["open", "more"],
  data: () => ({ fresh: {}, isAsking: false }),
  mounted() {
    this.stamps = new Map(this.rows.map((row) => [row.key, row.stamp]));
    this.observer = new IntersectionObserver(([entry]) => entry.isIntersecting && this.followsEnd && this.ask(), { rootMargin: "300px" });
    this.watchEnd();
  },
  beforeUnmount() {
    this.observer.disconnect();
    clearTimeout(this.timer);
  },
  watch: {
    rows() {
      this.isAsking = false;
      this.glow();
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
    glow() {
      const before = this.stamps;
      this.stamps = new Map(this.rows.map((row) => [row.key, row.stamp]));
      const isSameList = this.rows.some((row) => before.has(row.key));
      const seen = this.rows.findLastIndex((row) => before.has(row.key)); // rows below it came from "show more"
      const changed = this.rows.filter((row, i) => isSameList && i <= seen && before.get(row.key) !== row.stamp);
      this.fresh = Object.fromEntries(changed.map((row) => [row.key, true]));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => (this.fresh = {}), 2500);
    },
    ask() {
      if (this.isAsking) return;
      this.isAsking = true;
      this.$emit("more");
    },
    rest() {
      this.isAsking = false;
    },
    open(event, row) {
      if (!this.takesClicks || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.$emit("open", row.key);
    },
    move(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const links = [...this.$refs.rows.querySelectorAll(".dialog-row")];
      const next = links[links.indexOf(document.activeElement) + step];
      if (!step || !next) return;
      event.preventDefault();
      next.focus();
    },
  },
};
