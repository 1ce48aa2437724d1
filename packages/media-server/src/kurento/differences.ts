// Where Parley's media server behaves otherwise than the original on purpose, and why: the written half of
// docs/kurento-conformance.md. Whoever changes such a behaviour changes its line here.

export const differencesFromTheOriginal = `## Differences from the original

Compared with Kurento Media Server 7.3, as observed on a running one. Everything not named here is meant to be the same;
where it is not, that is a defect.

### Media

| what | here | original | why |
| --- | --- | --- | --- |
| media | forwarded as it comes | transcoded when the sides differ | no decoder can be as fast, or as good, as none; codecs are settled by negotiation |
| a receiver that did not agree to the codec of its source | it gets none of that audio or video, and one \`Error\` (40005, UNSUPPORTED_MEDIA_TYPE) of its endpoint, which names the codecs of both sides | transcoded | the event to watch when coming from a server that transcodes: let one side offer the other's codec |
| ICE | lite, all candidates in offer and answer from the first, one UDP port for all endpoints | full, 36 candidate events, a port per endpoint | one round trip less, one port to open |
| a peer that is ICE-lite as well (another endpoint of this server, another media server) | checks are sent to it after all, by UDP from a socket of the endpoint's own | full ICE with everybody | somebody has to prove that the way is open |
| \`a=setup\` in answers | \`passive\` | \`active\` | the browser's first DTLS message travels with its ICE check; half a round trip less |
| offers: codecs | VP8, H264, VP9, AV1, each with retransmission | AV1, VP9, VP8, H264 | the first is what browsers send, and all receivers have to decode it; see decision 0021 |
| offers: profile, stream ids | \`UDP/TLS/RTP/SAVPF\`, \`a=msid\` | \`RTP/SAVPF\`, none | RFC 8829; a browser's \`ontrack\` has a stream |
| \`generateOffer\` without audio, video and data, or of an endpoint made recvonly and sendonly | 40204 | – | there is nothing to agree on |
| an answer that takes the m-lines apart (each with a transport of its own) | 40206 | accepted | one endpoint, one transport; it would never connect |
| an offer that does so | the lines after the first are rejected | accepted | one endpoint, one transport |
| a rejected m-line | port 0, all formats, \`inactive\`, mid | the same; without a common codec the first format, and ICE lines | one form for all |
| \`networkInterfaces\`, \`externalIPv4\`, \`externalIPv6\`, \`iceTcp\`, \`maxAudioRecvBandwidth\` after the negotiation has begun | 40111 | – | the peer has the description already |
| \`networkInterfaces\` with an unknown name, \`externalIPv4/6\` with what is no such address | 40107 | – | nobody would connect |
| \`iceTcp\` false | no TCP candidates, and checks by TCP are not answered | – | off means off |
| \`maxAudioRecvBandwidth\` of a WebRtcEndpoint | \`b=AS\` in offers and answers, and \`maxaveragebitrate\` of opus (RFC 7587) | \`b=AS\` in offers | Chromium passes over \`b=AS\` in answers, and REMB is for video; so it has its effect either way |
| \`qosDscp\` | taken, without effect, told once in the log | marks the packets | one socket serves all endpoints, and Node.js cannot mark single datagrams; mark the media port's outside |
| \`stunServerAddress\`, \`stunServerPort\` | a \`srflx\` candidate besides those of the server, when candidates are gathered; asked from the media port, once a minute for all endpoints. The server sends no checks that would open a NAT, so it must let in whoever comes to that port | ICE checks from both sides | ICE-lite; for a NAT that is opened by checks, announce the outside address and forward the port |
| \`stunServerAddress\` with a name, or a link-local, metadata or multicast address | 40107 | – | nobody would be asked; and clients are not to send packets there from here |
| \`turnUrl\` | a \`relay\` candidate, by UDP, TCP or TLS (\`?transport=udp\`, \`tcp\`, \`tls\`) to the TURN server, which may be a name; by TLS it has to have a certificate for that, of a usual authority or one in NODE_EXTRA_CA_CERTS. A server that gives no relay within 5 s is told of in the log, and ICE goes on without; one that is lost later closes the way at once, and \`gatherCandidates\` asks for another. Link-local addresses 40107, after the negotiation has begun 40111. Let through are the addresses of the peer's candidates, so not those that a browser hides behind names (mDNS) | all three | mostly the relay is better given to the browser (\`iceServers\`): from there the server is reached at its announced addresses |
| data channels | up to 64 of an endpoint, messages up to 256 KiB; messages of the pipeline go to the first one that is open, and one is opened when there is none | one, and all messages go to it | applications open more than one; bounds, since the other side decides how many |
| \`DataChannelOpened\`, \`DataChannelClosed\` | once for each channel of either side | twice, for the browser's first channel only | what is told twice is handled twice |
| ids of data channels | even when the browser opens them, odd when the server does | the other way round | they follow the roles in DTLS (RFC 8832, section 6), so \`a=setup\` |
| a browser that takes messages slower than they come | who sends them is made to wait, unless its channel may lose messages or the receiver takes nothing for 5 s; such a receiver loses what comes when 8 MiB wait for it | they pile up | memory is bounded, and a file arrives whole |
| \`maxVideoSendBandwidth\` | no bound (0) by default; when set, whoever sends that video is asked by REMB for no more than the least bound of its viewers; video of a file is as it is | 500 kbit/s by default, bounds the encoder | without an encoder, less can only come from the sender |
| \`minVideoSendBandwidth\` | 0 by default; holds by itself | 100; least that the viewer's REMB brings the encoder down to | a viewer's REMB is counted in \`getStats\` and not handed on: all viewers share one layer, and the slowest must not spoil it |
| \`minVideoRecvBandwidth\` | can be set: the least that a sender is asked for; 100 by default | reads 100 whatever is set | as its documentation says |
| \`rembParams\` | without them the server's own rules hold, and what is read is what those have in common with them; when set, all but \`packetsRecvIntervalTop\` have their effect | defaults of its own | losses are counted per report |
| \`rembParams\` and \`minVideoRecvBandwidth\` for senders with transport-wide feedback (Chromium) | no effect | REMB only | these senders find out by themselves what their line bears; they are told of bounds only |
| \`maxEncoderBitrate\` | whoever sends the video is asked for no more; 40006 where nobody can be asked (players, recorders) | bounds the encoder | without an encoder, less can only come from the sender |
| \`encoderBitrate\`, \`minEncoderBitrate\` | read 0; 40006 when set | settings of the encoder | there is none |
| \`setAudioFormat\`, \`setVideoFormat\` | 40006 when another codec flows, an \`Error\` event (40005) when another one begins to flow; bitrate and frame rate are the sender's | transcodes | nothing is transcoded |
| \`mtu\` | 1200; 40006 for another one | can be set | packets are forwarded in the size that their sender gave them |
| RtpEndpoint: whose packets are taken | those of the host that the SDP names, with SDES those of whoever has the key; a peer that says \`a=setup:active\` or \`a=direction:active\`, or names port 9, is found by its first packet, and only by that | those of anybody | whoever knows a port could speak in the call; see decision 0022 |
| RtpEndpoint: addresses | IP literals of one peer; names, multicast and broadcast 40201 or 40205; 0.0.0.0 is on hold, answered \`inactive\` | sent to as they are | nobody but the peer is to get its media |
| RtpEndpoint: offers | the codecs of a WebRtcEndpoint's, in the same order; payload types of our own | H265 first, AMR too | nothing is transcoded, and WebRTC has neither |
| RtpEndpoint: H.264 without \`profile-level-id\` | taken as Constrained Baseline, and with no parameters at all as \`packetization-mode=1\`; the answer says so | any profile | what those mean who write SDP by hand; nothing is transcoded, so it decides who can be shown it |
| RtpEndpoint: \`a=rtcp-mux\` | taken when offered | – | one port less to open |
| RtpEndpoint: \`requestKeyframe\` of a peer without the feedback of RTP/AVPF | 40111; its viewers wait for its next key frame, as the log says | no error | there is no message to ask by |
| RtpEndpoint: a key without \`crypto\`, two keys, or one of another length | 40107 | – | media must not travel unprotected by mistake |
| RtpEndpoint: an offer without a line that can be taken | answered, all lines rejected, told in the log | the same, silently | nobody would know why nothing comes |
| RtpEndpoint: \`MediaState\` | CONNECTED while RTCP or media of the peer comes | RTCP only | many senders of plain RTP have no RTCP |
| no port free (\`--rtp-ports\`) | 40009 at the negotiation | – | a clear error |
| profiles of RecorderEndpoint (\`mediaProfile\`) | WEBM, MKV and MP4, each also _VIDEO_ONLY and _AUDIO_ONLY; FLV, JPEG_VIDEO_ONLY and KURENTO_SPLIT_RECORDER 40006 | all | they need transcoding |
| recording a codec that the profile's file cannot hold (VP8 in MP4, PCMU in any) | \`Error\` (40005, INVALID_MEDIA); the other track is recorded, or the state goes STOP without a file | transcoded | nothing is transcoded |
| H.264 in a WEBM profile | the file is Matroska and says so | transcoded to VP8 | WebM has no place for it, and a recording is worth more than its name |
| recording to an HTTP address | one chunked PUT; the whole is kept in a file of the data folder (\`unsent/\`) until the target answers 2xx, and stays there when it does not, as an \`Error\` says | one chunked PUT | a target that fails must not cost the recording |
| a recording that got no media | \`Stopped\`, no file; one of that name that was there stays | an empty file | an empty file plays nowhere |
| a recorder whose second kind of media does not come | goes on without it after 1.5 s | waits for ever, an empty file | an empty file plays nowhere |
| MP4 recordings | fragmented: playable while they grow and after a crash | one index, written at the end | a crash must not cost the recording |
| WEBM and MKV recordings | duration and index as in the original when the recording ends; while it grows, and after a crash, the file is playable and says how long it was a second ago at least. What is sent to an HTTP address says neither, since its head is gone: some players cannot seek in it before \`ffmpeg -i x.webm -c copy y.webm\` | both are added at the end | a crash costs nothing of what was recorded |
| relative URIs | count from the data folder (\`--data\`) | – | one place, wherever the server was started |
| modes of recordings | 0640 in the data folder; in folders of \`--files\` what the umask says | what the umask says | recordings are private; where other programs wait for the file, they must be able to read it |
| folders of a recording that are missing | are made: 0700 in the data folder, in folders of \`--files\` what the umask says | – | an application need not run on this machine to make them |
| \`addIceCandidate\` with what is no candidate | passed over, told in the log at level debug | passed over | browsers send candidates of kinds that come later; ICE goes on without them |
| a codec that changes during a recording | \`Error\`; the rest of that track is left out | transcoded | a file says once what it holds |
| URIs of RecorderEndpoint and PlayerEndpoint | files of the data folder and of the folders given by \`--files\`, but none of Parley's own folder if that lies below them, and HTTP addresses as \`--http-sources\` says, never link-local or metadata ones; others 40107, a player's by its \`Error\` | any | whoever reaches port 8888 must not read or write the whole disk, nor ask for keys from here |
| private and loopback addresses as HTTP sources | allowed, unless \`--http-sources\` is \`public\` or \`none\`; checked where the connection is made, at each of five redirects | allowed | applications play from stores of their own network; whoever lets users choose addresses chooses \`public\` |
| what PlayerEndpoint plays (\`uri\`) | WebM, Matroska, MP4 and MOV (fragmented too), Ogg and WAV with VP8, VP9, AV1, H.264, Opus or G.711, from files and over HTTP; no AAC, no rtsp: | whatever GStreamer reads | nothing is transcoded |
| H.264 with B-frames, and other codecs that calls do not use, in what is played | that track is left out and one \`Error\` (INVALID_MEDIA) tells why; the other one is played | transcoded | browsers show pictures out of order as they come |
| what cannot be played at all | one \`Error\`, and the state goes back to STOP | four of them, and the state stays START | the state says what is; \`play\` may be called again |
| \`networkCache\` | how much of an HTTP source is read ahead before it starts, at most 8 MiB; no effect on files | the same for network sources | a bound, since the client decides how much |
| \`useEncodedMedia\` | taken, no effect: media is always played as it is encoded | false: decoded and encoded again | nothing is transcoded |
| \`setPosition\` | to the key frame at or before it; 40700 for what can be read only once (a server without \`Range\`) or has no known length | to any picture | without a decoder a picture begins at a key frame |
| \`getElementGstreamerDot\` | source, container and tracks as a graph | of GStreamer's elements | there is no GStreamer |
| address of HttpPostEndpoint | on the host of \`--listen\` and the port of \`--http-port\` (9091), https when there is a certificate; listens only while there is such an endpoint; pages of all origins may post | \`http://localhost:9091\`, always listening | the address can be reached as it is told; nobody can guess it, and that is all that protects it |
| a post to HttpPostEndpoint | paced to real time, the last frame for a minute at most; 200 when all was taken, 409 while another one is playing, 415 with a sentence and \`Error\` for what cannot be played; MP4 with its index at the end waits on disk, up to 512 MiB; one that breaks off is played to its end | taken as fast as it comes | a client learns what became of its post |
| \`getICECandidatePairs\`, \`getIceConnectionState\` | component 1 only | component 2 stays GATHERING for ever | RTP and RTCP share one component |
| \`MediaSessionTerminated\` | when the peer closes DTLS, has been silent until its consent ended, or at the release; \`MediaSessionStarted\` comes again with a peer that comes back | never seen | who shows the session must know that it is over |
| keys of \`getStats\` | \`<endpoint>/inbound-video\` and so on, the same each time | UUIDs | two readings can be compared |
| \`MediaTranscodingStateChanged\` | NOT_TRANSCODING at the first flow, \`binName\` "default" | an internal name that changes | nothing is ever transcoded |
| \`certificateKeyType\` | taken, without effect: one ECDSA certificate for all | taken, one RSA certificate for all | faster handshakes |

### Protocol

| what | here | original | why |
| --- | --- | --- | --- |
| a message that is no JSON | -32700, id null | the connection is dropped | a client's bug should cost it one answer, not its session |
| trailing text or comments in a message | -32700 | ignored | JSON (RFC 8259) |
| a message nested deeper than 32 levels | -32600 | accepted | no client needs it; deep nesting is an attack on the stack |
| \`params\` that are no object | -32602 | -32603 | the code JSON-RPC has for it |
| a request sent again within 20 s | same session, id, method and parameters | same session and id | a client that starts counting anew was given the answers to other requests |
| \`connect\` and \`keepAlive\` with an id that \`connect\` gave | accepted | 40007 until an object was touched | an id that was given out is valid |
| an object as parameter, sent as a JSON object with its \`id\` | taken | 40001 | kurento-client 7.3 sends that for \`setSource\` of DispatcherOneToMany, which otherwise it could not use |
| an object of the wrong class as parameter | 40001 | -32603, or the whole server ends | a clear error |
| an unknown \`__type__\` | 40003 | -32603 | a clear error |
| a known class, operation or parameter that is missing here | 40108, 40006 | – | nothing answers as if it worked |
| a known event that is missing here | 40106 | – | nobody waits for what never comes |
| \`getIceTcp\` | the value | the whole server ends | a question must not end the calls of all |
| limits (\`--max-message-bytes\`, \`--max-objects\`, \`--max-sessions\`, \`--max-connections\`) | 1 MiB per message (answered 40009 with id null, then closed with 1009); 20,000 objects and 200,000 subscriptions per session, twice as many in all; 10,000 sessions, of which those without objects and connection give way; 1,000 connections (503); 1,000 steps per transaction; 64 connections of media into one element, whose descriptions have 256 characters at most; 256 tags of an object, and 65,536 characters of its name and tags, 64 Mi of all objects together | by threads and file descriptors | 40009 in time instead of no memory |
| a peer that floods (\`--max-receive-mbits\`) | 50 Mbit/s of RTP are taken, short packets counted as 1,000 bytes, and a twentieth of that of RTCP; what is above is dropped, and told by an \`Error\` event | goes to all viewers | one participant must not stop the calls of others |
| a client that does not read | cut off at 16 MiB | its events pile up | memory is bounded |
| a client whose machine is gone | pinged every 30 s (RFC 6455), cut off when three pings went unanswered; its session is collected later | kept until TCP gives up | objects of the dead are released in minutes |
| \`getSessions\` | ids of sessions | empty strings among them | an empty string names none |
| a request that takes longer than 30 s | -32603 | waits | requests of a connection are answered in order; one must not hold up the others for ever |
| token | \`Authorization: Bearer\` or \`?token=\` (\`?access_token=\` as well, which is kurento-client's option), 401 without, when the server was given one | none | port 8888 is the server's data, open to all |
| pages of other hosts | 403 when the server was given neither a token nor \`--allow-anonymous\` | let in | any page open in a browser of the machine could record and play there |
| \`getGstreamerDot\` | elements, connections, codecs, states and properties of the pipeline | the graph of GStreamer's elements | there is no GStreamer; what is asked for with it is here |
| \`dumpGstreamerDot\` | into the folder \`dot\` of the data folder, the newest 50 | into the folder that GST_DEBUG_DUMP_DOT_DIR names | works without preparation, and fills no disk |
| \`getUsedCpu\` | over 10 s at most, whatever is asked for | as long as is asked for | it holds up the requests behind it |
| \`getKmd\` | made from the same model, without documentation; knows \`parley\` too | the files of the original | nothing of the original's is copied |
| add-on modules (\`chroma\`, \`crowddetector\`, \`platedetector\`, \`pointerdetector\` and others) | not here: 40108 for their classes | when they are installed | they are filters, which need pixels |
| \`getInfo\` | a fourth module, \`parley\` (above) | – | tells the two apart |
`;
