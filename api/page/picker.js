// Choosing a class by any part of its name, or its number: a combobox as in the ARIA authoring practices.

import { element } from "./elements.js";
import { asCount } from "./figures.js";

const LISTED = 60;

/** The class picker; `onChoose(number)` is called with the class that was chosen. */
export class Picker {
  constructor(root, { onChoose }) {
    this.input = root.querySelector("input");
    this.list = root.querySelector('[role="listbox"]');
    this.onChoose = onChoose;
    this.classes = [];
    this.chosen = null;
    this.active = -1;
    this.input.addEventListener("focus", () => {
      this.input.select();
      this.open("");
    });
    this.input.addEventListener("click", () => this.list.hidden && this.open(""));
    this.input.addEventListener("input", () => this.open(this.input.value));
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
    // A press on the list must not take the focus from the field, or the list would be gone before the click.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  offer(classes) {
    this.classes = classes;
    this.input.disabled = classes.length === 0;
  }

  /** The class of that number; null where there is none. */
  find(number) {
    return this.classes.find((candidate) => candidate.class === number) ?? null;
  }

  /** Shows which class is drawn. */
  choose(number) {
    this.chosen = this.find(number);
    this.input.value = this.chosen?.name ?? "";
  }

  open(text) {
    this.found = search(this.classes, text);
    const options = this.found.slice(0, LISTED).map((candidate, index) => this.option(candidate, index));
    const more = this.found.length - LISTED;
    if (this.found.length === 0) options.push(element("p", {}, `No class has “${text}” in its name. Try a shorter part of it.`));
    if (more > 0) options.push(element("p", {}, `and ${asCount(more)} more: type a part of the name`));
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const drawn = text === "" ? this.found.slice(0, LISTED).indexOf(this.chosen) : 0;
    this.activate(this.found.length > 0 ? Math.max(0, drawn) : -1);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.input.value = this.chosen?.name ?? "";
  }

  option(candidate, index) {
    const isChosen = candidate === this.chosen;
    return element(
      "div",
      {
        role: "option",
        id: `class-option-${index}`,
        "aria-selected": String(isChosen),
        onclick: () => this.take(candidate),
        onpointermove: () => this.activate(index),
      },
      element("span", { className: "number" }, String(candidate.class)),
      element("span", { className: "name", dir: "auto" }, candidate.name),
    );
  }

  activate(index) {
    this.active = index;
    const options = this.list.querySelectorAll('[role="option"]');
    options.forEach((option, position) => option.classList.toggle("active", position === index));
    if (index < 0) this.input.removeAttribute("aria-activedescendant");
    else {
      this.input.setAttribute("aria-activedescendant", options[index].id);
      options[index].scrollIntoView({ block: "nearest" });
    }
  }

  key(event) {
    const count = Math.min(LISTED, this.found?.length ?? 0);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.open("");
      else if (count > 0) this.activate((this.active + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
      this.take(this.found[this.active]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
    }
  }

  take(candidate) {
    this.chosen = candidate;
    this.close();
    this.onChoose(candidate.class);
  }
}

/** Classes (rows of the query `classes`: class, name, images, accuracy) with the text in their name or as their number; those that begin with it come first. */
export function search(classes, text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return classes;
  const rank = (candidate) => {
    const at = candidate.name.toLowerCase().indexOf(wanted);
    if (String(candidate.class) === wanted || at === 0) return 0;
    return at > 0 ? 1 : 2;
  };
  const ranked = classes.map((candidate) => ({ candidate, place: rank(candidate) })).filter(({ place }) => place < 2);
  ranked.sort((one, other) => one.place - other.place);
  return ranked.map(({ candidate }) => candidate);
}
