// The prose of docs/session-establishment.md. Its diagrams are not written: they come from traces of the running program.

export interface Diagrams {
  readonly testRecord: string;
  readonly testPlayback: string;
  readonly broadcast: string;
  readonly playback: string;
  readonly recording: string;
}

/** What writes the document anew. */
export const UPDATE = 'UPDATE_DOCS=1 npx vitest run --project e2e e2e/session-establishment.test.ts';

/** The whole document. */
export function documentOf(diagrams: Diagrams): string {
  return `# How a session is established

Four parties take part, and each of them can be the reason why somebody sees nothing:

- **Browser**: captures camera, microphone and screen, makes the offers, and is the only one who knows whether frames are
  decoded. It trusts the application server, which hands it the answers and with them the media server's fingerprint.
- **Application server**: knows rooms, participants and rights. Every message of a browser is checked here against who sent
  it, before anything is asked of the media server.
- **Media server**: has one endpoint per peer connection, takes RTP from senders, and forwards it to viewers and recorders.
  It obeys whoever holds its control socket: that is the application server, by the Kurento Protocol.
- **TURN server**: relays between a browser and the media server when the network between them lets nothing else through.
  It carries encrypted media and takes part in no negotiation, so it has no lane below: these sessions needed no relay.

The order is always the same: the browser asks, the application server creates the endpoint on the media server, and only then do
browser and media server connect, by ICE, DTLS and SRTP. What runs at the same time is drawn behind the message that it needs; several
candidates are drawn as one; keep-alives, reports and repeated tries are left out. A session as it really was, with every time, retry
and gap, is shown by the inspector at \`/admin\`:

![The messages of a session in the inspector](images/session-messages.png)

Written by a test from traces of the running program, which fails when the program does something else:
\`${UPDATE}\` writes it anew.

## 1. Test record

Before joining, Ada records a few seconds of her camera and microphone on the media server. It goes on when media reaches the
recorder, and nobody but this browser can play the recording.

${fenced(diagrams.testRecord)}
## 2. Test playback

The recording comes back to her through a player on the media server, in a second peer connection. What she sees now went all the
way to the media server and back.

${fenced(diagrams.testPlayback)}
## 3. Broadcast

Ada sends her camera into a room: permission first, with the ICE servers, then offer and answer. The way up is confirmed when the
media server sees RTP of each kind that was promised; when she leaves, everything of it is released at once.

${fenced(diagrams.broadcast)}
## 4. Playback in the room

Bob is told that there is a stream, and gets an endpoint of his own that is connected to Ada's. The way down is confirmed when his
browser has decoded frames; it ends with Ada's stream.

${fenced(diagrams.playback)}
## 5. Recording

A recorder is connected to Ada's running endpoint and taken away again; neither her leg nor Bob's is negotiated anew. The file is
complete when the media server says that the recorder has stopped.

${fenced(diagrams.recording)}`;
}

function fenced(mermaid: string): string {
  return `\`\`\`mermaid\n${mermaid}\`\`\`\n`;
}
