// The fake model server as a program of its own, so that its processor time is nobody's else.
import { startFakeModel } from "../../support/fake-model.mjs";
import { serve, startOptions } from "../lib/program.mjs";

const { url } = await startFakeModel(startOptions());
serve({ url: () => url });
