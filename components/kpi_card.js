// One figure with its change and its run over the period; the whole card is a link to the dialogs behind it.
export default {
  template: `
    <article class="card kpi" :class="{ 'is-loading': !value }">
      <div class="kpi-head">
        <a v-if="href" class="plain-link kpi-label" :href="href">{{ label }}</a>
        <span v-else class="kpi-label is-still">{{ label }}</span>
        <span class="hint" tabindex="0" role="note" :aria-label="definition" :data-tip="definition"></span>
      </div>
      <div class="kpi-value">{{ value || "—" }}</div>
      <div class="kpi-foot"><span class="pill" :class="'tone-' + tone">{{ change }}</span><span class="kpi-before">{{ before }}</span></div>
      <svg v-if="series.length > 1" class="sparkline" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
        <path :d="line + ' L100 28 L0 28 Z'" class="sparkline-area" />
        <path :d="line" class="sparkline-line" vector-effect="non-scaling-stroke" />
      </svg>
    </article>`,
  props: { label: String, definition: String, value: String, change: String, tone: String, before: String, href: String, series: { type: Array, default: () => [] } },
  computed: {
    line() {
      const top = Math.max(...this.series, 1e-9);
      const step = 100 / (this.series.length - 1);
      return "M" + this.series.map((v, i) => `${(i * step).toFixed(2)} ${(26 - (24 * v) / top).toFixed(2)}`).join(" L");
    },
  },
};
