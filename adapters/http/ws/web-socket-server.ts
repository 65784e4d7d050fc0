// What speaks the protocol. Its own module, so that the program has it in a file of its own, loaded for the first socket.
export { WebSocketServer } from "ws";
