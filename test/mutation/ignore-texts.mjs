// Tests match the code of an error, never its text: a mutant of a text says nothing about the tests.

const withText = new Set(["AnodeError", "invalid", "invalidJson", "refusal", "refused"]);

/** A Stryker plugin that leaves out the texts of refusals; their codes stay in. */
export const strykerPlugins = [
  {
    kind: "Ignore",
    name: "texts",
    value: {
      shouldIgnore({ node, parent, key }) {
        if (!/^(String|Template)Literal$/.test(node.type) || key === undefined || !isCall(parent)) return undefined;
        if (parent.callee.name === "AnodeError" && node === parent.arguments[0]) return undefined;
        return "the text of a refusal";
      },
    },
  },
];

function isCall(node) {
  return /^(Call|New)Expression$/.test(node?.type ?? "") && withText.has(node.callee.name);
}
