// The steps of a booking as bars, each one a link to the dialogs that reached it.
export default {
  template: `
    <ol class="funnel" role="list">
      <li v-for="step in steps" :key="step.key">
        <a :href="step.href" class="plain-link funnel-step">
          <span class="funnel-label">{{ step.label }}</span>
          <span class="funnel-count num">{{ step.count }}</span>
          <span class="funnel-track"><i v-if="step.width" :style="{ width: step.width + '%' }"></i></span>
          <span class="funnel-shares num">{{ step.shares }}</span>
        </a>
      </li>
    </ol>`,
  props: { steps: { type: Array, default: () => [] } },
};
