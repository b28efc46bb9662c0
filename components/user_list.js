// The users as one element: a row each, with a menu of what can be done.
export default {
  template: `
    <div class="user-list">
      <div class="user-row user-list-head" aria-hidden="true"><span>{{ texts.name }}</span><span>{{ texts.role }}</span><span>{{ texts.signedIn }}</span><span>{{ texts.state }}</span><span></span></div>
      <ul role="list">
        <li v-for="row in rows" :key="row.id" class="user-row" :class="{ 'is-off': row.isOff }">
          <span class="user-avatar" aria-hidden="true">{{ row.initials }}</span>
          <span class="u-name"><b dir="auto">{{ row.name }}</b><small dir="auto">{{ row.email }}</small></span>
          <span class="u-role"><b>{{ row.role }}</b><small dir="auto">{{ row.salon }}</small></span>
          <span class="u-when">{{ row.signedIn }}</span>
          <span class="u-state"><span class="pill" :class="'tone-' + row.tone">{{ row.state }}</span><small>{{ row.about }}</small></span>
          <span class="u-menu">
            <a v-if="row.isSelf" href="/account" class="plain-link link">{{ texts.account }}</a>
            <button v-else type="button" class="native-button is-quiet" :aria-label="texts.menu + ': ' + row.name" :title="texts.menu">
              <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#more'" /></svg>
              <q-menu anchor="bottom right" self="top right" class="act-menu">
                <q-list>
                  <q-item v-for="act in row.acts" :key="act" clickable v-close-popup @click="$emit('act', { act, id: row.id })" :class="{ 'is-danger': act === 'off' }">
                    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use :href="icons + '#' + buttons[act].icon" /></svg>{{ buttons[act].text }}
                  </q-item>
                </q-list>
              </q-menu>
            </button>
          </span>
        </li>
      </ul>
      <div v-if="hasMore" class="dialog-more"><button type="button" class="native-button" @click="$emit('more')">{{ texts.more }}</button></div>
    </div>`,
  props: { rows: { type: Array, default: () => [] }, hasMore: Boolean, buttons: Object, texts: Object, icons: String },
  emits: ["act", "more"],
};
