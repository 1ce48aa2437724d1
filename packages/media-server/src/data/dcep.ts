// The words in which two ends agree about a data channel (RFC 8832), and how messages are marked (RFC 8831, section 8).
// What a channel is to whom is not known here.

/** Payload protocol identifiers. An empty message is sent as one byte of another kind, since SCTP knows none. */
export const PPID = { dcep: 50, text: 51, binary: 53, emptyText: 56, emptyBinary: 57 } as const;

const OPEN = 0x03;
const ACK = 0x02;
const OPEN_HEADER_LENGTH = 12;
const UNORDERED = 0x80;

/** How long a message is tried for. At most one of the two is defined; neither: until it arrives. */
export interface Reliability {
  readonly maxRetransmits: number | undefined;
  /** In ms. */
  readonly maxPacketLifeTime: number | undefined;
}

export interface ChannelParameters extends Reliability {
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
}

/** Of a label or a protocol, in bytes of UTF-8: their lengths have 16 bits. */
export const MAX_NAME_LENGTH = 65_535;

export type DcepMessage =
  { readonly type: 'open'; readonly parameters: ChannelParameters } | { readonly type: 'ack' };

/** Undefined for what is neither DATA_CHANNEL_OPEN nor DATA_CHANNEL_ACK (RFC 8832, section 5). */
export function readDcep(bytes: Buffer): DcepMessage | undefined {
  if (bytes[0] === ACK) return { type: 'ack' };
  if (bytes[0] !== OPEN || bytes.length < OPEN_HEADER_LENGTH) return undefined;
  const channelType = bytes[1];
  const limit = bytes.readUInt32BE(4);
  const protocolAt = OPEN_HEADER_LENGTH + bytes.readUInt16BE(8);
  const end = protocolAt + bytes.readUInt16BE(10);
  if (end > bytes.length || (channelType & ~UNORDERED) > 2) return undefined;
  const parameters = {
    label: bytes.toString('utf8', OPEN_HEADER_LENGTH, protocolAt),
    protocol: bytes.toString('utf8', protocolAt, end),
    ordered: (channelType & UNORDERED) === 0,
    maxRetransmits: (channelType & ~UNORDERED) === 1 ? limit : undefined,
    maxPacketLifeTime: (channelType & ~UNORDERED) === 2 ? limit : undefined,
  };
  return { type: 'open', parameters };
}

export function writeOpen(parameters: ChannelParameters): Buffer {
  const { ordered, maxRetransmits, maxPacketLifeTime } = parameters;
  const label = Buffer.from(parameters.label);
  const protocol = Buffer.from(parameters.protocol);
  const header = Buffer.alloc(OPEN_HEADER_LENGTH);
  const channelType = maxRetransmits !== undefined ? 1 : maxPacketLifeTime !== undefined ? 2 : 0;
  header[0] = OPEN;
  header[1] = channelType | (ordered ? 0 : UNORDERED);
  header.writeUInt32BE(maxRetransmits ?? maxPacketLifeTime ?? 0, 4);
  header.writeUInt16BE(label.length, 8);
  header.writeUInt16BE(protocol.length, 10);
  return Buffer.concat([header, label, protocol]);
}

export function writeAck(): Buffer {
  return Buffer.of(ACK);
}
