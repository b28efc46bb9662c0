// A dialog to read: messages by day, newest at the bottom. What is being read never moves: a new message pulls the
// view down only when the reader is at the bottom, and older ones come in above without a jump.
const NEAR = 80, EARLY = 240, LONG = 1200;

export default {
  template: `
    <div class="chat">
      <div class="chat-scroll" ref="box" role="log" aria-live="polite" :aria-label="texts.label" tabindex="0" @scroll.passive="scrolled">
        <div v-if="hasOlder" class="chat-older"><button type="button" class="native-button is-quiet" :aria-disabled="isAsking" @click="ask">{{ isAsking ? texts.loading : texts.older }}</button></div>
        <p v-else-if="items.length" class="chat-start">{{ texts.start }}</p>
        <p v-if="!items.length" class="state state-text">{{ texts.empty }}</p>
        <template v-for="(item, i) in items" :key="item.id">
          <div v-if="item.gap || isNewDay(i)" class="chat-gap"><span v-if="isNewDay(i)">{{ item.dayText }}</span><small v-if="item.gap">{{ item.gap }}</small></div>
          <div class="chat-message" :class="['from-' + item.side, { 'is-next': isNext(i) }]" :data-id="item.id">
            <div class="chat-bubble">
              <div v-if="!isNext(i)" class="chat-who" dir="auto">{{ item.who }}</div>
              <div class="chat-text" dir="auto">{{ text(item) }}</div>
              <button v-if="item.text.length > long" type="button" class="chat-whole" :aria-expanded="!!whole[item.id]" @click="whole[item.id] = !whole[item.id]">{{ whole[item.id] ? texts.less : texts.whole }}</button>
              <time class="chat-time">{{ item.time }}</time>
            </div>
          </div>
        </template>
      </div>
      <button v-if="unseen" type="button" class="chat-new native-button is-primary" @click="toEnd">{{ unseenText }}</button>
    </div>`,
  props: { messages: { type: Array, default: () => [] }, dialog: String, hasOlder: Boolean, texts: Object, locale: String },
  emits: ["older"],
  data() {
    return { items: [...this.messages], whole: {}, unseen: 0, isAsking: false, long: LONG };
  },
  computed: {
    unseenText() {
      return this.texts.unseen[new Intl.PluralRules(this.locale).select(this.unseen)].replace("{number}", this.unseen);
    },
  },
  mounted() {
    this.toEnd();
    this.observer = new ResizeObserver(() => this.wasAtEnd && this.toEnd());
    this.observer.observe(this.$refs.box);
    this.fill();
  },
  beforeUnmount() {
    this.observer.disconnect();
  },
  watch: {
    messages() {
      this.merge(this.messages);
    },
    dialog() {
      Object.assign(this, { items: [...this.messages], whole: {}, unseen: 0, isAsking: false });
      this.$nextTick(() => (this.toEnd(), this.fill()));
    },
    hasOlder() {
      this.isAsking = false;
    },
  },
  methods: {
    merge(rows) {
      const known = new Map(this.items.map((item) => [item.id, item]));
      const last = this.items.at(-1);
      const added = rows.filter((row) => !known.has(row.id) && last && row.at >= last.at).length;
      const anchor = this.anchor();
      rows.forEach((row) => known.set(row.id, row));
      this.items = [...known.values()].sort((a, b) => a.at - b.at || a.id - b.id);
      this.isAsking = false;
      const follow = this.wasAtEnd;
      if (!follow) this.unseen += added;
      this.$nextTick(() => {
        if (follow) this.toEnd();
        else this.hold(anchor);
        this.fill();
      });
    },
    anchor() {
      const top = this.$refs.box.scrollTop;
      const seen = [...this.$refs.box.querySelectorAll(".chat-message")].find((node) => node.offsetTop + node.offsetHeight > top);
      return seen && { id: seen.dataset.id, offset: seen.offsetTop + seen.offsetHeight - top };
    },
    hold(anchor) {
      const node = anchor && this.$refs.box.querySelector(`[data-id="${anchor.id}"]`);
      // by its lower edge: a message that was the first one loses its day and name above when older ones come in
      if (node) this.$refs.box.scrollTop = node.offsetTop + node.offsetHeight - anchor.offset;
    },
    scrolled() {
      const { scrollTop, scrollHeight, clientHeight } = this.$refs.box;
      this.wasAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
      if (this.wasAtEnd) this.unseen = 0;
      if (scrollTop < EARLY) this.ask();
    },
    fill() {
      const box = this.$refs.box;
      if (box && box.clientHeight && box.scrollHeight <= box.clientHeight + EARLY) this.ask();
    },
    ask() {
      if (!this.hasOlder || this.isAsking) return;
      this.isAsking = true;
      this.$emit("older");
    },
    rest() {
      this.isAsking = false;
    },
    toEnd() {
      const box = this.$refs.box;
      box.scrollTop = box.scrollHeight;
      this.wasAtEnd = true;
      this.unseen = 0;
    },
    isNewDay(i) {
      return !i || this.items[i].day !== this.items[i - 1].day;
    },
    isNext(i) {
      const [item, before] = [this.items[i], this.items[i - 1]];
      return !!before && before.side === item.side && before.who === item.who && !item.gap && !this.isNewDay(i);
    },
    text(item) {
      if (item.text.length <= LONG || this.whole[item.id]) return item.text;
      return [...item.text.slice(0, LONG + 1)].slice(0, -1).join("") + "…"; // never half of a surrogate pair
    },
  },
};
