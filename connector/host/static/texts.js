// Sentences with holes, and times, in the language of the page.

let known = {};

// What every sentence may name: the app, the repository and the file.
export const know = (values) => {
  known = values;
};

export const fill = (sentence, values = {}) =>
  sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? known[name] ?? whole);

// A moment in milliseconds since the epoch; with its date unless it is today.
export const moment = (milliseconds) => {
  const at = new Date(milliseconds);
  const isToday = at.toDateString() === new Date().toDateString();
  const date = isToday ? {} : { dateStyle: "medium" };
  return at.toLocaleString(document.documentElement.lang, { ...date, timeStyle: "short" });
};

export const byId = (id) => document.getElementById(id);
