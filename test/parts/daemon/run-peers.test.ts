import { expect, it } from "vitest";
import { connect } from "../../../adapters/client/index.js";
import { functionExecutor } from "../../../lib/index.js";
import { daemonHere, daemonPlace } from "../../support/daemon.js";

it("A run that is registered as a peer keeps its own tokens, which are the peer's as long as it is one; no other is made", async () => {
  const place = daemonPlace();
  const waits = functionExecutor(async ({ input }) => {
    while (await input.next()) await Promise.resolve();
    return "over";
  });
  const daemon = await daemonHere(place, { executors: { waits }, profiles: { waits: { executor: "waits" } } });
  const run = await daemon.manager.start({ prompt: "wait", profile: "waits", keep_open: true });
  const early = await daemon.tokens.createForRun(run.id, "anode_at_");
  const client = await connect({ socketPath: place.home.socket });
  const { peer, peer_token } = await client.peers.register({ backend: "run", run_id: run.id, name: "worker" });
  expect(peer_token).toBeUndefined();
  const later = await daemon.tokens.createForRun(run.id, "anode_at_");
  const bound = (): unknown[] => daemon.tokens.list().map(({ run_id, peer_id }) => [run_id, peer_id]);
  expect(bound()).toEqual([
    [run.id, peer.peer_id],
    [run.id, peer.peer_id],
  ]);
  const url = daemon.addresses.find((address) => address.startsWith("http")) ?? "";
  for (const token of [early, later]) {
    const own = await connect({ url, token });
    expect(await own.peers.whoami()).toMatchObject({ peer_id: peer.peer_id });
    await own.close();
  }
  await client.peers.remove({ id: peer.peer_id });
  // A record counts as changed once it is stored.
  await expect.poll(bound).toEqual([
    [run.id, undefined],
    [run.id, undefined],
  ]);
  const { peer: again } = await client.peers.register({ backend: "run", run_id: run.id, name: "worker" });
  expect(bound()).toEqual([
    [run.id, again.peer_id],
    [run.id, again.peer_id],
  ]);
  void run.cancel();
  await run.done();
  await expect.poll(bound).toEqual([]);
  await client.close();
});
