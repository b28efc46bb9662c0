// A native <select>: the best list to choose from on a phone, and one element however long the list is.
export default {
  template: `
    <select class="select" :aria-label="label" :value="value" @change="$emit('choose', $event.target.value)">
      <option v-for="[key, text] in options" :key="key" :value="key">{{ text }}</option>
    </select>`,
  props: { options: Array, value: String, label: String },
  emits: ["choose"],
};
