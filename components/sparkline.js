// A tiny line without axes: the run of a figure over the period.
export default {
  template: `
    <svg class="sparkline" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <path v-if="values.length > 1" :d="line + ' L100 28 L0 28 Z'" class="sparkline-area" />
      <path v-if="values.length > 1" :d="line" class="sparkline-line" vector-effect="non-scaling-stroke" />
    </svg>`,
  props: { values: { type: Array, default: () => [] } },
  computed: {
    line() {
      const top = Math.max(...this.values, 1e-9);
      const step = 100 / (this.values.length - 1);
      return "M" + this.values.map((v, i) => `${(i * step).toFixed(2)} ${(26 - (24 * v) / top).toFixed(2)}`).join(" L");
    },
  },
};
