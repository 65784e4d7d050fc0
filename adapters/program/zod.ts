/**
 * What of zod our sources name, as a file of the program: it is required when the first schema is looked at, by all other files of the
 * program together.
 */
export {
  array,
  boolean,
  discriminatedUnion,
  enum,
  fromJSONSchema,
  int,
  iso,
  literal,
  looseObject,
  number,
  object,
  partialRecord,
  record,
  strictObject,
  string,
  toJSONSchema,
  union,
  unknown,
  ZodArray,
  ZodError,
  ZodExactOptional,
  ZodObject,
  ZodOptional,
  ZodRecord,
} from "zod";
