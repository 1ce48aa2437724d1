// Why a leg could not be established or did not last: a closed list, each with a sentence for the participant, one for
// the administrator, and what to do. No leg ends without one of these.
import { z } from 'zod';

export const FailureCause = z.enum([
  'no-permission',
  'camera-busy',
  'device-gone',
  'autoplay-blocked',
  'signalling-lost',
  'media-server-unreachable',
  'endpoint-refused',
  'sdp-refused',
  'no-candidate-pair',
  'relay-refused',
  'dtls-failed',
  'sender-sends-nothing',
  'nothing-arrives',
  'viewer-cannot-decode',
  'permission-withdrawn',
  'stream-ended',
]);
export type FailureCause = z.infer<typeof FailureCause>;

export interface CauseTexts {
  /** To the person in front of the browser: what is wrong, without blame and without jargon. */
  readonly participant: string;
  /** To whoever runs the server: what was seen, in the terms of the field. */
  readonly administrator: string;
  /** What the participant, or else the administrator, can do about it. */
  readonly remedy: string;
}

export const causeTexts: Readonly<Record<FailureCause, CauseTexts>> = {
  'no-permission': {
    participant: 'The browser was not allowed to use the camera or microphone.',
    administrator: 'getUserMedia was refused (NotAllowedError).',
    remedy: "Allow camera and microphone for this page in the browser's address bar, then try again.",
  },
  'camera-busy': {
    participant: 'Another program is using the camera or microphone.',
    administrator: 'getUserMedia failed (NotReadableError): the device is in use or its driver failed.',
    remedy: 'Close the other program, or choose another camera or microphone.',
  },
  'device-gone': {
    participant: 'The camera or microphone is no longer there.',
    administrator: 'A captured track ended, or no device matched (NotFoundError).',
    remedy: 'Plug it in again, or choose another one.',
  },
  'autoplay-blocked': {
    participant: 'The browser holds the sound back until you press a key or button.',
    administrator: "HTMLMediaElement.play was refused by the browser's autoplay policy.",
    remedy: 'Press "Play sound".',
  },
  'signalling-lost': {
    participant: 'The connection to the server was lost.',
    administrator: 'The signalling WebSocket closed, or a request got no answer before its deadline.',
    remedy: 'Check the network. The page keeps trying by itself.',
  },
  'media-server-unreachable': {
    participant: 'The server cannot carry sound and pictures at the moment.',
    administrator: 'The application server has no connection to the media server.',
    remedy: 'Wait a moment: it is tried again by itself. If it lasts, tell whoever runs the server.',
  },
  'endpoint-refused': {
    participant: 'The server could not take this stream.',
    administrator: 'The media server refused to create or connect an endpoint.',
    remedy: "Try again. If it lasts, the media server's log names the reason.",
  },
  'sdp-refused': {
    participant: 'This browser and the server have no common picture or sound format.',
    administrator: 'The offer was refused or left no accepted media: no common codec.',
    remedy: 'Use a current browser.',
  },
  'no-candidate-pair': {
    participant: 'This network lets no sound or pictures through to the server.',
    administrator:
      'No ICE check succeeded: UDP to the media port is blocked, or the announced addresses are wrong.',
    remedy: 'Try another network. Administrators: open the media port for UDP and check ANNOUNCED_IPS.',
  },
  'relay-refused': {
    participant: 'This network needs the relay, and the relay did not let this browser in.',
    administrator:
      'No direct ICE check succeeded, and the TURN server refused the credentials, found them expired, or was not reached.',
    remedy:
      'Try again: new credentials are made. Administrators: check the address and the shared secret of the TURN server, and its clock.',
  },
  'dtls-failed': {
    participant: 'The encrypted connection to the server could not be made.',
    administrator:
      'ICE connected, DTLS did not: fingerprint or certificate mismatch, or the handshake was lost.',
    remedy: 'Try again. If it lasts, something between browser and server alters the traffic.',
  },
  'sender-sends-nothing': {
    participant: 'Nothing comes from the sender.',
    administrator: 'The up leg is connected and the media server sees no RTP of an expected kind.',
    remedy: 'The sender should check camera and microphone, and switch them off and on.',
  },
  'nothing-arrives': {
    participant: 'The picture or sound was sent and did not arrive here.',
    administrator: 'The down leg is connected, the up leg is confirmed, and the browser received no packet.',
    remedy: 'It is tried again by itself. If it lasts, try another network.',
  },
  'viewer-cannot-decode': {
    participant: 'The picture or sound arrives, and this browser cannot show it.',
    administrator: 'Packets arrive at the viewer and no frame or sample was decoded.',
    remedy: 'Use another browser, or update this one.',
  },
  'permission-withdrawn': {
    participant: 'You may no longer send or see this.',
    administrator:
      'The browser withdrew its permission to use a device while it ran, or the stream belongs to somebody else.',
    remedy:
      "Allow camera and microphone for this page again in the browser's address bar, or ask whoever runs the meeting.",
  },
  'stream-ended': {
    participant: 'The stream has ended.',
    administrator: 'The stream was stopped while the leg was being established.',
    remedy: 'Nothing: there is no more to see.',
  },
};
