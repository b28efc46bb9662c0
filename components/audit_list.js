// The audit as one element: a line each, which opens to show what was changed and from where.
export default {
  template: `
    <div class="audit-list">
      <ul role="list">
        <li v-for="row in rows" :key="row.id">
          <component :is="hasMoreToSay(row) ? 'details' : 'div'" class="audit-item">
            <component :is="hasMoreToSay(row) ? 'summary' : 'div'" class="audit-row">
              <span class="a-at num">{{ row.at }}</span>
              <span class="a-who" dir="auto">{{ row.who }}</span>
              <span class="a-what"><b><i class="dot" :class="'tone-' + row.tone"></i>{{ row.what }}</b><small dir="auto">{{ row.about }}</small></span>
              <span class="a-place"><span class="num">{{ row.address }}</span><small v-if="row.salon" dir="auto">{{ row.salon }}</small></span>
              <svg v-if="hasMoreToSay(row)" class="icon a-open" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#chevron-down'" /></svg>
            </component>
            <div v-if="hasMoreToSay(row)" class="audit-more">
              <table v-if="row.changes.length" class="audit-changes">
                <thead><tr><th>{{ texts.field }}</th><th v-if="row.changes.some((c) => c[1])">{{ texts.before }}</th><th>{{ texts.after }}</th></tr></thead>
                <tbody><tr v-for="[name, before, after] in row.changes" :key="name"><th scope="row" dir="auto">{{ name }}</th><td v-if="row.changes.some((c) => c[1])" class="is-before" dir="auto">{{ before }}</td><td dir="auto">{{ after }}</td></tr></tbody>
              </table>
              <p v-for="[name, value] in row.facts" :key="name" class="audit-fact"><span class="muted" dir="auto">{{ name }}:</span> <span dir="auto">{{ value }}</span></p>
              <p v-if="row.agent" class="audit-fact"><span class="muted">{{ texts.agent }}:</span> <span dir="auto">{{ row.agent }}</span></p>
            </div>
          </component>
        </li>
      </ul>
      <div v-if="hasMore" class="dialog-more"><button type="button" class="native-button" :aria-disabled="isAsking" @click="ask">{{ isAsking ? texts.loading : texts.more }}</button></div>
    </div>`,
  props: { rows: { type: Array, default: () => [] }, hasMore: Boolean, texts: Object, icons: String },
  emits: ["more"],
  data: () => ({ isAsking: false }),
  watch: {
    rows() {
      this.isAsking = false;
    },
  },
  methods: {
    hasMoreToSay(row) {
      return !!(row.changes.length || row.facts.length || row.agent);
    },
    ask() {
      if (this.isAsking) return;
      this.isAsking = true;
      this.$emit("more");
    },
    rest() {
      this.isAsking = false;
    },
  },
};
