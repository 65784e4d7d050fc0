import type { ComponentChildren, JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { createUploads } from "../upload.js";
import { useApp, useLoaded } from "../use.js";
import { FileField } from "./file-field.js";
import { Field, type Filled, Form } from "./form.js";

/** What a message says beside to whom. */
export interface Said {
  readonly text: string;
  readonly attachments?: string[];
}

interface MessageFormProps {
  readonly label: string;
  /** What is said by it. */
  readonly about: string;
  readonly submit: string;
  readonly isRequired?: boolean;
  readonly send: (said: Said, filled: Filled, form: FormData) => Promise<unknown>;
  /** Fields before the text. */
  readonly children?: ComponentChildren;
}

/** A form that says something, with files if there are any: they are sent first, and what refers to them last. */
export function MessageForm({ label, about, submit, isRequired = true, send, children }: MessageFormProps): JSX.Element {
  const { client, fileLimits } = useApp();
  const { value: limits = {} } = useLoaded(fileLimits, []);
  const uploads = useMemo(() => createUploads(client), [client]);
  const [progress, says] = useState("");
  const run = async (filled: Filled, form: FormData): Promise<void> => {
    const files = form.getAll("files").filter((file): file is File => file instanceof File && file.name !== "");
    try {
      const attachments = await uploads.take(files, limits, says);
      await send({ text: filled["text"] ?? "", ...(attachments.length > 0 && { attachments }) }, filled, form);
    } finally {
      says("");
    }
  };
  return (
    <Form label={label} scope="control" submit={submit} run={run} progress={progress}>
      {children}
      <Field name="text" label={about} lines={3} isRequired={isRequired} />
      <FileField limits={limits} />
    </Form>
  );
}
