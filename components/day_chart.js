// Dialogs, bookings and revenue day by day: two panels over one row of days, each day a link.
// A mouse or the keyboard shows a day's numbers in the line above; a finger's first tap does, the second one opens it.
const LEFT = 44, TOP = 8, PANEL_A = 132, GAP = 22, PANEL_B = 84, BOTTOM = 22;
const HEIGHT = TOP + PANEL_A + GAP + PANEL_B + BOTTOM;

export default {
  template: `
    <div class="day-chart">
      <p class="readout" aria-live="polite">
        <strong>{{ current ? current.title : texts.total }}</strong>
        <span v-for="(name, i) in texts.names" :key="i"><i :class="'key key-' + i"></i>{{ name }} <b>{{ (current || totals).texts[i] }}</b></span>
        <a v-if="current && touched" :href="current.href" class="link">{{ texts.open }}</a>
      </p>
      <p v-if="isEmpty" class="muted small">{{ texts.empty }}</p>
      <svg v-else ref="plot" class="plot" :height="height" :viewBox="'0 0 ' + width + ' ' + height" @mouseleave="current = null" role="group" :aria-label="texts.label">
        <g class="plot-grid" aria-hidden="true">
          <template v-for="tick in ticks" :key="tick.y">
            <line :x1="left" :x2="width" :y1="tick.y" :y2="tick.y" />
            <text :x="left - 8" :y="tick.y + 4" text-anchor="end">{{ tick.text }}</text>
          </template>
          <text v-for="mark in marks" :key="mark.x" :x="mark.x" :y="height - 4" :text-anchor="mark.anchor">{{ mark.text }}</text>
        </g>
        <a v-for="(day, i) in days" :key="day.key" :href="day.href" class="plot-day" :class="{ 'is-current': current === day }" :aria-label="day.label"
          :tabindex="i === focus ? 0 : -1" @mouseenter="look(day)" @focus="look(day); focus = i" @blur="current = null"
          @pointerdown="pointer = $event.pointerType" @click="open($event, day)" @keydown="move($event, i)">
          <rect class="plot-hit" :x="left + i * step" y="0" :width="step" :height="height - 18" />
          <rect class="bar-0" :x="barX(i)" :width="bar" v-bind="box(day.dialogs, topA, tops.count, panelA)" rx="1.5" />
          <rect class="bar-1" :x="barX(i)" :width="bar" v-bind="box(day.bookings, topA, tops.count, panelA)" rx="1.5" />
          <rect class="bar-2" :x="barX(i)" :width="bar" v-bind="box(day.revenue, topB, tops.money, panelB)" rx="1.5" />
        </a>
      </svg>
    </div>`,
  props: { days: { type: Array, default: () => [] }, totals: Object, texts: Object, locale: String },
  data: () => ({ width: 640, current: null, touched: false, pointer: "mouse", focus: 0, left: LEFT, topA: TOP, topB: TOP + PANEL_A + GAP,
    panelA: PANEL_A, panelB: PANEL_B, height: HEIGHT }),
  mounted() {
    this.observer = new ResizeObserver(([entry]) => (this.width = Math.max(240, Math.round(entry.contentRect.width))));
    this.observer.observe(this.$el);
  },
  beforeUnmount() {
    this.observer.disconnect();
  },
  watch: {
    days() {
      this.current = this.current && this.days.find((day) => day.key === this.current.key);
      this.focus = Math.min(this.focus, Math.max(0, this.days.length - 1));
    },
  },
  computed: {
    isEmpty() {
      return !this.days.some((day) => day.dialogs || day.bookings || day.revenue);
    },
    step() {
      return (this.width - this.left) / Math.max(1, this.days.length);
    },
    bar() {
      return Math.min(36, Math.max(1.5, this.step - Math.max(1, this.step * 0.28)));
    },
    tops() {
      const top = (names) => round(Math.max(1, ...this.days.flatMap((day) => names.map((name) => day[name]))));
      return { count: top(["dialogs", "bookings"]), money: top(["revenue"]) };
    },
    ticks() {
      const short = new Intl.NumberFormat(this.locale, { notation: "compact", maximumFractionDigits: 1 });
      const panel = (top, height, most, parts) =>
        Array.from({ length: parts + 1 }, (_, i) => ({ y: top + height - (height * i) / parts, text: short.format((most * i) / parts) }));
      return [...panel(this.topA, this.panelA, this.tops.count, 2), ...panel(this.topB, this.panelB, this.tops.money, 1)];
    },
    marks() {
      const every = Math.max(1, Math.ceil(this.days.length / Math.max(2, Math.floor((this.width - this.left) / 72))));
      const last = this.days.length - 1;
      return this.days.flatMap((day, i) =>
        (last - i) % every ? [] : [{ text: day.text, x: this.left + (i + 0.5) * this.step, anchor: i === last && this.step < 60 ? "end" : "middle" }]
      ).map((mark) => (mark.anchor === "end" ? { ...mark, x: this.width } : mark)).filter((mark) => mark.anchor === "end" || mark.x > this.left + 16);
    },
  },
  methods: {
    barX(i) {
      return this.left + (i + 0.5) * this.step - this.bar / 2;
    },
    box(value, top, most, height) {
      const size = value ? Math.max(2, (height * value) / most) : 0;
      return { y: top + height - size, height: size };
    },
    look(day) {
      this.current = day;
      this.touched = this.pointer === "touch";
    },
    open(event, day) {
      if (this.pointer === "touch" && this.chosen !== day.key) {
        event.preventDefault();
        event.stopPropagation();
        this.chosen = day.key;
        this.look(day);
      }
    },
    move(event, i) {
      const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: this.days.length - 1 }[event.key];
      if (to === undefined || !this.days[to]) return;
      event.preventDefault();
      this.pointer = "key";
      this.$refs.plot.querySelectorAll(".plot-day")[to].focus();
    },
  },
};

function round(most) {
  const unit = 10 ** Math.floor(Math.log10(most));
  const nice = [1, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * unit >= most) * unit;
  return Math.max(2, nice);
}
