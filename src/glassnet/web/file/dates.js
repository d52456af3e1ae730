// The field of a form for a column of dates.

/** How a browser writes the cells of a column of dates: a day, a day with its time, or a time. */
export function dateInput({ parts }) {
  if (!parts.includes("day")) return "time";
  return parts.includes("hour") ? "datetime-local" : "date";
}
