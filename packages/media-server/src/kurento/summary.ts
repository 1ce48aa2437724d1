// The first half page of docs/kurento-conformance.md: what decides whether an application runs here unchanged. In short;
// the reasons and the rest are in differences.ts.

export const summary = `## Will my application work?

Yes, unchanged, when it routes live media between browsers, plain RTP, players and recorders: calls, conferences, one to many,
recording, data channels. Look at these points first:

- **Transcoding: none.** Sender and receivers need a common codec. Browsers agree on VP8 and Opus by themselves; with plain RTP
  senders, or when the application restricts codecs in the SDP, let one side offer the other's. Where there is none, nothing
  flows, and the receiving endpoint says so once by an \`Error\` event (code 40005, type UNSUPPORTED_MEDIA_TYPE) that names the
  codecs of both sides; the log has the same sentence. All viewers of a video get it as it was sent, in one bitrate.
- **Filters and mixing hubs: none.** Composite, Mixer, AlphaBlending, all filters and the add-on modules are refused with 40108;
  Dispatcher, DispatcherOneToMany and PassThrough are here. Let pages lay streams out, and draw over them.
- **Players**: files and HTTP, in WebM, Matroska, MP4, Ogg or WAV, with codecs that calls use. No \`rtsp:\`, no AAC: for a camera
  let FFmpeg copy its H.264 to an RtpEndpoint; convert the sound of files to Opus once.
- **Recordings**: WEBM and MKV of whatever browsers send; MP4 needs H.264, VP9 or AV1 pictures. They have no duration and no
  index in them until \`ffmpeg -i x.webm -c copy y.webm\` adds these.
- **Paths**: recorders and players may use the data folder (\`--data\`, from which relative URIs count) and the folders that
  \`--files\` names; all others are refused with 40107.
- **Access**: open on loopback only. Where other machines reach it, clients need a token, in a header or as \`?token=\` in the
  address, unless the server was started with \`--allow-anonymous\`.
- **SDP and ICE**: ICE-lite, one port for all endpoints, all candidates at once. Browsers notice nothing of it. Applications that
  take SDP apart themselves should look at the rows below.
`;
