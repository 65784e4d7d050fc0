import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import type { Scope } from "../../../lib/caller.js";
import { useApp } from "../use.js";
import { useWork } from "./action.js";
import { Problem } from "./problem.js";

/** The fields of a form that were filled in, by name. */
export type Filled = Readonly<Record<string, string>>;

interface FormProps {
  readonly label: string;
  readonly scope: Scope;
  readonly submit: string;
  /** What it does; the form is emptied when that succeeded. */
  readonly run: (filled: Filled, form: FormData) => Promise<unknown>;
  /** How far it is. */
  readonly progress?: string;
  readonly children: ComponentChildren;
}

/** A form that calls an operation: shut while its call is open, and for those whose token lacks the scope, with the reason. */
export function Form({ label, scope, submit, run, progress, children }: FormProps): JSX.Element {
  const { missing } = useApp();
  const work = useWork();
  const reason = missing(scope);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const entries = [...data].filter((entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "");
    await work.start(async () => {
      await run(Object.fromEntries(entries), data);
      form.reset();
    });
  };
  return (
    <form aria-label={label} onSubmit={(event) => void send(event as unknown as SubmitEvent)}>
      <fieldset disabled={reason !== undefined || work.isOpen}>
        {children}
        <button type="submit" class="primary">
          {submit}
        </button>
      </fieldset>
      {reason !== undefined && <p class="reason">{reason}</p>}
      {progress !== undefined && <p role="status">{progress}</p>}
      <Problem error={work.error} />
    </form>
  );
}

/** One field with its label: a line, an area, or a choice. */
export function Field(props: {
  readonly name: string;
  readonly label: string;
  readonly lines?: number;
  readonly options?: readonly (readonly [value: string, text: string])[];
  readonly isRequired?: boolean;
  readonly type?: "text" | "number";
  readonly value?: string;
  readonly hint?: string;
  readonly onInput?: (value: string) => void;
}): JSX.Element {
  const { name, label, lines, options, isRequired = false, type = "text", value, hint, onInput } = props;
  const id = useId();
  const input = (event: { readonly currentTarget: { readonly value: string } }): void => onInput?.(event.currentTarget.value);
  const common = { id, name, required: isRequired, onInput: input, ...(hint !== undefined && { placeholder: hint }) };
  return (
    <div class={lines === undefined ? "field" : "field wide"}>
      <label for={id}>{label}</label>
      {options ? (
        <select id={id} name={name} onInput={input}>
          {options.map(([choice, text]) => (
            <option key={choice} value={choice} selected={choice === value}>
              {text}
            </option>
          ))}
        </select>
      ) : lines === undefined ? (
        <input
          {...common}
          type={type as "text"}
          {...(value !== undefined && { defaultValue: value })}
          autocomplete="off"
          spellcheck={false}
          dir="auto"
        />
      ) : (
        <textarea {...common} rows={lines} dir="auto" />
      )}
    </div>
  );
}
