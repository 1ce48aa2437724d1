// The harness looks and listens rightly: what a fake camera and microphone deliver is recognised after a real encoder
// and decoder, and what is not there is not seen or heard.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Participant } from './src/participant.ts';
import { dominantColour, hears, isChanging } from './src/seeing-and-hearing.ts';

const PAGE = `<!doctype html><video id="call" autoplay muted></video><video id="empty" autoplay></video><script>
  (async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
    near.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate);
    far.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate);
    far.ontrack = ({ streams }) => (call.srcObject = streams[0]);
    for (const track of stream.getTracks()) near.addTrack(track, stream);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
    window.mute = () => stream.getAudioTracks().forEach((track) => (track.enabled = false));
    window.freeze = () => near.getSenders().forEach((sender) => sender.replaceTrack(null));
  })();
</script>`;

let server: Server;
let ada: Participant;

beforeAll(async () => {
  server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(PAGE));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ada = await Participant.arrive({ name: 'Ada', server: url, colour: 'cyan', hz: 660 });
  await ada.open('/');
});

afterAll(async () => {
  await ada.goHome();
  await new Promise((resolve) => server.close(resolve));
});

it('recognises the colour, the movement and the tone of a participant', async () => {
  const call = ada.page.locator('#call');
  await expect.poll(() => dominantColour(call), { timeout: 10_000 }).toBe('cyan');
  await expect.poll(() => isChanging(call), { timeout: 10_000 }).toBe(true);
  await expect.poll(() => hears(call, 660), { timeout: 10_000 }).toBe(true);
  expect(await hears(call, 440)).toBe(false);
});

it('sees nothing in an empty picture', async () => {
  const empty = ada.page.locator('#empty');
  expect(await dominantColour(empty)).toBe('none');
  expect(await isChanging(empty, 300)).toBe(false);
});

it('notices silence and a frozen picture', async () => {
  const call = ada.page.locator('#call');
  await ada.page.evaluate('mute()');
  await expect.poll(() => hears(call, 660), { timeout: 10_000 }).toBe(false);
  await ada.page.evaluate('freeze()');
  await expect.poll(() => isChanging(call, 500), { timeout: 10_000 }).toBe(false);
  expect(await dominantColour(call)).toBe('cyan');
});
