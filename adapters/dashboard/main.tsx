import { options, render } from "preact";
import { takeLoginCode } from "./login-code.js";
import { showIcon } from "./icon.js";
import { Page } from "./page.js";
import { createSession } from "./session.js";

// Before anything else: nobody is to see the code in the address.
const code = takeLoginCode(window.location, window.history);

// Whatever changes between two frames is drawn once.
options.debounceRendering = (draw) => void requestAnimationFrame(draw);

showIcon();
// The contract is served beside the page, whatever path both are mounted below.
const session = createSession(new URL(".", window.location.href).href.replace(/\/$/, ""));
render(<Page session={session} />, document.getElementById("page") as HTMLElement);
void session.start(code);
