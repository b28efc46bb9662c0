// When clients write: hours by weekdays, darker where there is more; a cell opens its dialogs.
// Wide screens have weekdays as rows; a phone has hours as rows, so that a cell is large enough for a finger.
export default {
  template: `
    <div class="hour-map" :class="{ 'is-tall': isTall }">
      <div class="hour-map-head">
        <div class="segmented" role="group" :aria-label="texts.label">
          <button v-for="name in ['dialogs', 'bookings']" :key="name" type="button" :aria-pressed="kind === name" @click="kind = name">{{ texts[name] }}</button>
        </div>
        <span class="readout">{{ hint || (firstCell ? "" : texts.empty) }}</span>
      </div>
      <div class="hour-grid" ref="grid" :style="{ '--columns': columns.length }" @mouseleave="hint = ''">
        <span></span>
        <span v-for="column in columns" :key="'c' + column.value" class="hour-axis num">{{ column.text }}</span>
        <template v-for="(row, r) in lines" :key="'r' + row.value">
          <span class="hour-axis num">{{ row.text }}</span>
          <component v-for="(cell, c) in row.cells" :key="c" :is="cell.count ? 'a' : 'span'" :href="cell.count ? cell.href : undefined" class="hour-cell plain-link num"
            :class="['level-' + cell.level]" :data-at="r + ':' + c" :tabindex="cell.count ? (at === r + ':' + c || (!at && cell === firstCell) ? 0 : -1) : undefined"
            :aria-label="cell.label" :title="cell.label" @mouseenter="hint = cell.label" @focus="hint = cell.label; at = r + ':' + c" @keydown="move($event, r, c)">{{ cell.count || "" }}</component>
        </template>
      </div>
    </div>`,
  props: { cells: { type: Array, default: () => [] }, weekdays: Array, texts: Object, bases: Object },
  data: () => ({ kind: "dialogs", hint: "", at: "", isTall: false }),
  mounted() {
    this.observer = new ResizeObserver(([entry]) => (this.isTall = entry.contentRect.width < 560));
    this.observer.observe(this.$el);
  },
  beforeUnmount() {
    this.observer.disconnect();
  },
  computed: {
    counts() {
      return new Map(this.cells.map((cell) => [cell.weekday + ":" + cell.hour, cell[this.kind]]));
    },
    most() {
      return Math.max(1, ...this.counts.values());
    },
    hours() {
      const used = this.cells.filter((cell) => cell.dialogs || cell.bookings).map((cell) => cell.hour);
      const first = Math.min(9, ...used), last = Math.max(20, ...used);
      return Array.from({ length: last - first + 1 }, (_, i) => ({ value: first + i, text: String(first + i) }));
    },
    days() {
      return this.weekdays.map((text, i) => ({ value: i + 1, text }));
    },
    columns() {
      return this.isTall ? this.days : this.hours;
    },
    lines() {
      return (this.isTall ? this.hours : this.days).map((row) => ({
        ...row,
        text: this.isTall ? row.text + ":00" : row.text,
        cells: this.columns.map((column) => (this.isTall ? this.cell(column.value, row.value) : this.cell(row.value, column.value))),
      }));
    },
    firstCell() {
      return this.lines.flatMap((row) => row.cells).find((cell) => cell.count);
    },
  },
  methods: {
    cell(weekday, hour) {
      const count = this.counts.get(weekday + ":" + hour) || 0;
      const base = this.bases[this.kind];
      return {
        count,
        level: count ? Math.max(1, Math.ceil((5 * count) / this.most)) : 0,
        href: `${base}${base.includes("?") ? "&" : "?"}weekday=${weekday}&hour=${hour}`,
        label: `${this.weekdays[weekday - 1]}, ${hour}:00–${hour + 1}:00 — ${this.texts[this.kind]}: ${count}`,
      };
    },
    move(event, r, c) {
      const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!way) return;
      event.preventDefault();
      for (let y = r + way[0], x = c + way[1]; this.lines[y]?.cells[x]; y += way[0], x += way[1]) {
        if (this.lines[y].cells[x].count) return this.$refs.grid.querySelector(`[data-at="${y}:${x}"]`).focus();
      }
    },
  },
};
