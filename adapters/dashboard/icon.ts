const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" fill="none" stroke="#17653a" stroke-width="3"/><circle cx="8" cy="8" r="2" fill="#17653a"/></svg>`;

/** Gives the tab its icon. Without one the browser would ask the daemon for a file that is not there. */
export function showIcon(): void {
  const link = document.createElement("link");
  link.rel = "icon";
  link.href = URL.createObjectURL(new Blob([icon], { type: "image/svg+xml" }));
  document.head.append(link);
}
