import type { RunContext } from "../runs/executor.js";
import { asFields, asList, asText, type Fields } from "./read.js";
import type { CreateElicitationRequest, CreateElicitationResponse } from "./sdk.js";

interface Field {
  readonly name: string;
  readonly options?: readonly { readonly id: string; readonly title: string }[];
}

/** Puts a form of one field to whoever answers the run's questions; what is more than that is declined. */
export async function answerElicitation(
  request: CreateElicitationRequest,
  { ask, signal }: Pick<RunContext, "ask" | "signal">,
): Promise<CreateElicitationResponse> {
  const field = request.mode === "form" ? fieldOf(asFields(request)?.["requestedSchema"]) : undefined;
  if (!field) return { action: "decline" };
  const prompt = request.message.trim().slice(0, 8_000) || field.name;
  const answer = await ask({
    kind: field.options ? "choice" : "text",
    scope: "user_question",
    prompt,
    ...(field.options && { options: [...field.options] }),
  });
  const value = answer.option_id ?? answer.text;
  if (signal.aborted || answer.outcome !== "answered" || value === undefined) return { action: "cancel" };
  return { action: "accept", content: { [field.name]: value } };
}

/** The form's one field, if it is a choice or a text. */
function fieldOf(schema: unknown): Field | undefined {
  const [[name, property] = [], ...others] = Object.entries(asFields(asFields(schema)?.["properties"]) ?? {});
  const told = asFields(property);
  if (name === undefined || !told || others.length > 0 || told["type"] !== "string") return undefined;
  const options = optionsOf(told);
  if (!options) return { name };
  const isAskable = options.length > 0 && options.length <= 16 && options.every(({ id }) => id !== "" && id.length <= 128);
  return isAskable ? { name, options } : undefined;
}

function optionsOf(property: Fields): { id: string; title: string }[] | undefined {
  if (Array.isArray(property["oneOf"])) {
    return asList(property["oneOf"]).map((option) => {
      const id = asText(option["const"]) ?? "";
      return { id, title: (asText(option["title"]) || id).slice(0, 256) };
    });
  }
  if (!Array.isArray(property["enum"])) return undefined;
  return property["enum"].map((value) => ({ id: asText(value) ?? "", title: asText(value) ?? "" }));
}
