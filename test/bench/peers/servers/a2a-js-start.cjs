// `a2a-js-start.cjs <folder> <socket>`: an agent over HTTP with Express, as fast as it starts; its card is its health.
const [, , folder, socketPath] = process.argv;
const load = (name) => require(require.resolve(name, { paths: [folder] }));
const { DefaultRequestHandler, InMemoryTaskStore } = load("@a2a-js/sdk/server");
const { agentCardHandler, restHandler, UserBuilder } = load("@a2a-js/sdk/server/express");
const card = require("../lib/a2a-card.cjs");
const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), { execute: async () => {}, cancelTask: async () => {} });
const app = load("express")();
app.use("/health", agentCardHandler({ agentCardProvider: requestHandler }));
app.use("/", restHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
app.listen(socketPath);
