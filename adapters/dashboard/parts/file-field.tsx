import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { bytes } from "../format.js";
import { type FileLimits, mostFiles } from "../upload.js";
import { visibleText } from "../visible-text.js";

/** Files to go with what a form sends, with their limits; one that is too large is marked as soon as it is chosen. */
export function FileField({ limits }: { readonly limits: FileLimits }): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<readonly File[]>([]);
  useEffect(() => {
    const clear = (): void => setChosen([]);
    const form = input.current?.form;
    form?.addEventListener("reset", clear);
    return () => form?.removeEventListener("reset", clear);
  }, []);
  const most = limits.bytes === undefined ? "" : `, each up to ${bytes(limits.bytes)}`;
  return (
    <div class="field wide">
      <label for={id}>Files (optional)</label>
      <input
        id={id}
        ref={input}
        name="files"
        type="file"
        multiple
        aria-describedby={`${id}-limits`}
        onChange={(event) => setChosen([...(event.currentTarget.files ?? [])])}
      />
      <small id={`${id}-limits`}>
        At most {mostFiles}
        {most}.
      </small>
      {chosen.length > 0 && (
        <ul class="files" aria-label="What you chose">
          {chosen.map((file, at) => (
            <li key={at}>
              <bdi>{visibleText(file.name)}</bdi> ({bytes(file.size)})
              {limits.bytes !== undefined && file.size > limits.bytes && <strong class="bad"> too large</strong>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
