// Makes a key frame of what this browser sends, where the media server's RTCP that asks for one does not come through.

/** `RTCEncodingOptions` (webrtc-extensions, section 4); the libraries' types do not have it yet. */
type SetParameters = (
  parameters: RTCRtpSendParameters,
  options: { encodingOptions: readonly { keyFrame: boolean }[] },
) => Promise<void>;

/** Asked again within this time, in ms: the gentle way made none. */
const NO_HELP_MS = 5_000;

export class KeyFrameMaker {
  readonly #senders: () => readonly RTCRtpSender[];
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(senders: () => readonly RTCRtpSender[]) {
    this.#senders = senders;
  }

  /**
   * Makes the next frame a key frame: first as a browser offers it, which those that do not know it take without doing
   * it; asked again soon, by pausing the picture for a moment, after which every browser begins with one.
   * @param now in ms
   * @throws what the browser throws
   */
  async make(now: number): Promise<void> {
    const again = now - this.#askedAt < NO_HELP_MS;
    this.#askedAt = now;
    const pictures = this.#senders().filter(({ track }) => track?.kind === 'video');
    await Promise.all(pictures.map((sender) => (again ? pause(sender) : ask(sender))));
  }
}

async function ask(sender: RTCRtpSender): Promise<void> {
  const parameters = sender.getParameters();
  const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
  const setParameters: SetParameters = sender.setParameters.bind(sender);
  await setParameters(parameters, { encodingOptions });
}

async function pause(sender: RTCRtpSender): Promise<void> {
  await setActive(sender, false);
  await setActive(sender, true);
}

async function setActive(sender: RTCRtpSender, active: boolean): Promise<void> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.active = active;
  await sender.setParameters(parameters);
}
