// The card of an A2A agent that speaks JSON over HTTP.
module.exports = {
  name: "bench",
  description: "",
  version: "1",
  supportedInterfaces: [{ url: "http://localhost/", protocolBinding: "HTTP+JSON", protocolVersion: "1.0", tenant: "" }],
  capabilities: { streaming: true, pushNotifications: false, extensions: [] },
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [],
  signatures: [],
};
