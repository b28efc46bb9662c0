// Services or specialists by what they brought, with a total; every row is a link.
export default {
  template: `
    <table class="ranking">
      <thead>
        <tr><th scope="col">{{ texts.name }}</th><th scope="col">{{ texts.bookings }}</th><th scope="col">{{ texts.revenue }}</th></tr>
      </thead>
      <tbody>
        <tr v-if="!rows.length"><td colspan="3" class="ranking-empty">{{ texts.empty }}</td></tr>
        <tr v-for="row in shown" :key="row.key" :class="{ 'is-muted': row.muted }">
          <th scope="row">
            <a :href="row.href" class="plain-link ranking-link" dir="auto">{{ row.label }}</a>
            <span class="ranking-track"><i v-if="row.width" :style="{ width: row.width + '%' }"></i></span>
          </th>
          <td class="num">{{ row.bookings }}</td>
          <td class="num">{{ row.revenue }}</td>
        </tr>
      </tbody>
      <tfoot v-if="total">
        <tr><th scope="row">{{ texts.total }}</th><td class="num">{{ total.bookings }}</td><td class="num">{{ total.revenue }}</td></tr>
      </tfoot>
      <caption v-if="rows.length > limit">
        <button type="button" class="native-button is-quiet" :aria-expanded="isOpen" @click="isOpen = !isOpen">
          {{ isOpen ? texts.less : texts.more }}
        </button>
      </caption>
    </table>`,
  props: { rows: { type: Array, default: () => [] }, total: Object, texts: Object, limit: Number },
  data: () => ({ isOpen: false }),
  computed: {
    shown() {
      return this.isOpen ? this.rows : this.rows.slice(0, this.limit);
    },
  },
};
