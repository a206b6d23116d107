/** Lessons: text beside the page, configurations to start from, goals that are noticed when they are reached, and questions. */

import { h, setText } from "./dom.js";
import { line, render, spans } from "./prose.js";

/** Return whether a frame reaches a goal: all that it asks for. */
export function reached(goal, frame) {
  const { metrics, findings = [], epoch } = frame;
  const measured = (name) => metrics[`val_${name}`] ?? metrics[name] ?? NaN; // null stands for NaN
  if (goal.accuracy !== undefined && !(measured("accuracy") >= goal.accuracy)) return false;
  if (goal.loss !== undefined && !(measured("loss") <= goal.loss)) return false;
  if (goal.epoch !== undefined && epoch < goal.epoch) return false;
  return goal.finding === undefined || findings.some((finding) => finding.kind === goal.finding);
}

/** Return a goal in words. */
export function inWords({ accuracy, loss, finding, epoch }) {
  const parts = [];
  if (accuracy !== undefined) parts.push(`an accuracy of ${Number((100 * accuracy).toPrecision(4))} %`);
  if (loss !== undefined) parts.push(`a loss of ${loss}`);
  if (epoch !== undefined) parts.push(`epoch ${epoch}`);
  if (finding !== undefined) parts.push(`the finding “${finding}”`);
  return `Goal: ${parts.join(", and ")}`;
}

/** Fill the page's lessons; `app` is the page. */
export async function start(app) {
  const answer = await fetch(`lessons.json${location.search}`);
  if (!answer.ok) return null;
  const lessons = await answer.json();
  return lessons.length ? new Lessons(app, document.getElementById("lessons"), lessons) : null;
}

class Lessons {
  constructor(app, section, lessons) {
    Object.assign(this, { app, section, lessons, lesson: null, at: 0 });
    section.hidden = false;
    section.classList.add("card");
    const options = lessons.map((lesson, index) => h("option", { value: index, text: lesson.title }));
    this.select = h("select", { onchange: () => this.choose(this.select.value) }, h("option", { value: "", text: "None: explore freely" }), ...options);
    this.title = h("h2", { tabindex: -1 });
    this.text = h("div", { class: "prose" });
    this.goal = h("p", { class: "goal", role: "status" });
    this.question = h("div");
    this.previous = h("button", { type: "button", class: "button", text: "Back", onclick: () => this.go(this.at - 1) });
    this.next = h("button", { type: "button", class: "button primary", text: "Next", onclick: () => this.go(this.at + 1) });
    this.again = h("button", { type: "button", class: "button", text: "Start this step again", onclick: () => this.begin() });
    this.place = h("span", { class: "facts" });
    this.step = h("div", { hidden: true }, this.title, this.text, this.goal, this.question, h("div", { class: "steering" }, this.previous, this.place, this.next, this.again));
    section.replaceChildren(h("label", { class: "lesson" }, h("span", { text: "Lesson" }), this.select), this.step);
    this.check = () => this.#check();
  }

  /** Begin a lesson, by its number; "" ends it. */
  choose(number) {
    this.lesson = number === "" ? null : this.lessons[number];
    this.step.hidden = !this.lesson;
    if (this.lesson) return this.go(0);
    this.#follow(null);
    delete document.documentElement.dataset.hide;
  }

  /** Show a step, and start its training. */
  go(at) {
    if (at >= this.lesson.steps.length) {
      this.select.value = "";
      this.choose("");
      return this.select.focus();
    }
    this.at = Math.max(0, at);
    const { title, text, hide, question } = this.lesson.steps[this.at];
    setText(this.title, title);
    this.text.replaceChildren(...render(text));
    this.question.replaceChildren(...(question ? [asked(question)] : []));
    setText(this.place, `${this.at + 1} of ${this.lesson.steps.length}`);
    this.previous.disabled = this.at === 0;
    setText(this.next, this.at === this.lesson.steps.length - 1 ? "End the lesson" : "Next");
    document.documentElement.dataset.hide = hide.join(" ");
    this.title.focus({ preventScroll: true });
    this.begin();
  }

  /** Start the training of the step again: its own configuration, or the last one before it. */
  begin() {
    const { configuration, goal } = this.lesson.steps[this.at];
    this.again.hidden = !configuration;
    this.done = false;
    this.goal.hidden = !goal;
    this.goal.classList.remove("reached");
    if (goal) setText(this.goal, inWords(goal));
    if (configuration) this.app.change({ ...configuration }); // a new one, even if the step begins again
    this.#follow(this.app.active);
  }

  #follow(session) {
    this.session?.removeEventListener("frame", this.check);
    this.session = session;
    session?.addEventListener("frame", this.check);
  }

  /** Notice that the goal is reached, unless what is shown is still of an earlier configuration. */
  #check() {
    const { goal } = this.lesson.steps[this.at];
    const { frame, accepted, configuration } = this.session;
    if (this.done || !goal || !frame || accepted !== configuration || !reached(goal, frame)) return;
    this.done = true;
    this.goal.classList.add("reached");
    setText(this.goal, `${inWords(goal)}: reached after ${frame.epoch} ${frame.epoch === 1 ? "epoch" : "epochs"}.`);
  }
}

/** Return a question with its choices; choosing one tells whether it is right, and why. */
function asked({ text, choices, answer, explanation }) {
  const told = h("div", { class: "told", role: "status" });
  const name = `question-${Math.random().toString(36).slice(2)}`;
  const tell = (index) => {
    const right = index === answer;
    told.replaceChildren(h("p", {}, h("strong", { text: right ? "Right. " : "Not quite. " }), ...(right ? line(spans(explanation)) : ["Try another answer."])));
    told.classList.toggle("right", right);
  };
  const labels = choices.map((choice, index) => h("label", {}, h("input", { type: "radio", name, value: index, onchange: () => tell(index) }), h("span", {}, ...line(spans(choice)))));
  return h("fieldset", { class: "question" }, h("legend", {}, ...line(spans(text))), ...labels, told);
}
