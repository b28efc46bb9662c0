// Gives keyboard focus back after the server has drawn a place anew: to what carries the same data-act, else to the only
// button or link with the same words and address.
const FOCUSABLE = "a[href], button, input, select, textarea, [tabindex]";
const nameOf = (element) =>
  element.dataset.act || [element.tagName, element.getAttribute("href"), element.getAttribute("aria-label"), element.textContent.trim()].join("|");
export default {
  template: `<div><slot></slot></div>`,
  methods: {
    named(name) {
      const found = [...this.$el.querySelectorAll(FOCUSABLE)].filter((element) => nameOf(element) === name);
      return found.length === 1 ? found[0] : null;
    },
  },
  beforeUpdate() {
    const focused = document.activeElement;
    const name = focused && focused !== this.$el && this.$el.contains(focused) && nameOf(focused);
    this.lost = name && this.named(name) === focused ? { focused, name } : null;
  },
  updated() {
    const lost = this.lost;
    this.lost = null;
    if (!lost || lost.focused.isConnected || document.activeElement !== document.body) return;
    this.named(lost.name)?.focus({ preventScroll: true });
  },
};
