// DTLS 1.2 with one peer, as server or as client: datagrams and time in, actions and deadlines out. Records, epochs,
// retransmission and alerts are here; what the handshake's messages mean is in server-handshake.ts and client-handshake.ts.
// It expects datagrams from a source that ICE has authenticated, so a server asks for no cookie (RFC 6347, section 4.2.1,
// leaves that to it).
import { ReplayWindow } from '../srtp/replay-window.ts';
import type { SrtpKeys } from '../srtp/srtp-profile.ts';
import { ClientHandshake } from './client-handshake.ts';
import { ALERT, HandshakeRefusedError, MalformedMessageError } from './dtls-errors.ts';
import { RecordWriter, type Epoch, type FlightPart } from './flight.ts';
import type { DtlsOptions, Handshake, HandshakeResult } from './handshake.ts';
import {
  HANDSHAKE,
  readFragments,
  type HandshakeFragment,
  type HandshakeMessage,
} from './handshake-message.ts';
import { HandshakeReassembler } from './handshake-reassembler.ts';
import type { RecordProtection } from './record-protection.ts';
import { CONTENT, readRecords, type DtlsRecord } from './record.ts';
import { ServerHandshake } from './server-handshake.ts';

export type { DtlsOptions };

/** Who begins the handshake: the client (RFC 5763, section 5: the side that is `active`). */
export type DtlsRole = 'server' | 'client';

export type DtlsAction =
  | { readonly type: 'send'; readonly datagram: Buffer }
  /** `send` and `receive` are the SRTP keys of either direction, seen from here. */
  | {
      readonly type: 'connected';
      readonly send: SrtpKeys;
      readonly receive: SrtpKeys;
      readonly cipherSuite: string;
    }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'closed' }
  | { readonly type: 'application-data'; readonly bytes: Buffer };

/**
 * RFC 6347, section 4.2.4.1, says 1 s, for want of knowing the path. A participant waits here, with a picture in mind:
 * 200 ms is above nearly every round trip plus the browser's arithmetic, and a datagram too many harms nobody.
 */
const FIRST_RETRANSMISSION_MS = 200;
const MAX_RETRANSMISSION_INTERVAL_MS = 3_200;

/** A flight repeated by the peer is answered at most this often. Below the 50 ms after which browsers first repeat theirs. */
const MIN_REPEAT_INTERVAL_MS = 40;

/** Longer than anybody waits for a call. */
const HANDSHAKE_DEADLINE_MS = 30_000;

/** RFC 6347, section 4.1.2.6, asks for at least 32; 64 is its recommendation. */
const REPLAY_WINDOW = 64;

/** Protected records that overtook the key exchange and wait for it: the peer's Finished, a few times. */
const MAX_EARLY_RECORDS = 4;
const MAX_EARLY_RECORD_LENGTH = 512;

/** Of one record in the clear, in bytes (RFC 5246, section 6.2.1). */
const MAX_CONTENT_LENGTH = 2 ** 14;

const FATAL = 2;

export class DtlsConnection {
  readonly #handshake: Handshake;
  readonly #reassembler = new HandshakeReassembler();
  readonly #writer = new RecordWriter();
  readonly #window = new ReplayWindow(REPLAY_WINDOW);
  /** A client speaks first: what comes before that is answered by nothing. */
  #isStarted: boolean;
  #state: 'new' | 'handshaking' | 'connected' | 'ended' = 'new';
  #reader: RecordProtection | undefined;
  #early: DtlsRecord[] = [];
  #flight: readonly FlightPart[] = [];
  #flightSentAt = 0;
  #retransmitAt: number | undefined;
  #retransmissionInterval = FIRST_RETRANSMISSION_MS;
  #deadline: number | undefined;
  /** The last thing that was dropped, for whoever has to find out why a handshake did not end. */
  #lastDropped: string | undefined;
  /** What the call in progress has led to so far. */
  #actions: DtlsAction[] = [];

  constructor(options: DtlsOptions & { readonly role: DtlsRole }) {
    this.#isStarted = options.role === 'server';
    this.#handshake = options.role === 'server' ? new ServerHandshake(options) : new ClientHandshake(options);
  }

  /** Sends what there is to send before anything came: a client's first flight. To be called once. `now` in ms. */
  start(now: number): DtlsAction[] {
    this.#isStarted = true;
    const first = this.#handshake.begin();
    if (first && this.#state === 'new') {
      this.#begin(now);
      this.#apply(first, now);
    }
    return this.#takeActions();
  }

  /** Takes one datagram of the peer, whose memory is not kept. `now` in ms. Never throws: what makes no sense is dropped. */
  handleDatagram(bytes: Buffer, now: number): DtlsAction[] {
    try {
      for (const record of readRecords(bytes)) this.#handleRecord(record, now);
    } catch (error) {
      // A mistake of ours must cost one connection, not the process.
      this.#fail(`internal error: ${String(error)}`, ALERT.internalError);
    }
    return this.#takeActions();
  }

  /** Does what was to be done by `now`, in ms; to be called at `nextDeadline` or often enough. */
  due(now: number): DtlsAction[] {
    if (this.#deadline !== undefined && now >= this.#deadline) {
      const dropped = this.#lastDropped === undefined ? '' : `; last dropped: ${this.#lastDropped}`;
      this.#end();
      this.#actions.push({
        type: 'failed',
        reason: `no ${this.#handshake.step} within ${HANDSHAKE_DEADLINE_MS / 1000} s${dropped}`,
      });
    } else if (this.#retransmitAt !== undefined && now >= this.#retransmitAt) {
      this.#retransmissionInterval = Math.min(
        this.#retransmissionInterval * 2,
        MAX_RETRANSMISSION_INTERVAL_MS,
      );
      this.#sendFlight(now);
    }
    return this.#takeActions();
  }

  /** When `due` has something to do, in ms, or undefined. */
  nextDeadline(): number | undefined {
    if (this.#deadline === undefined) return undefined;
    return Math.min(this.#deadline, this.#retransmitAt ?? Infinity);
  }

  /**
   * Sends application data as one record, which is one datagram: whoever calls keeps it below the path's MTU. Gives nothing
   * when the peer is not connected.
   * @throws {RangeError} above 2^14 bytes (RFC 5246, section 6.2.1)
   */
  send(bytes: Buffer): DtlsAction[] {
    if (bytes.length > MAX_CONTENT_LENGTH) throw new RangeError(`${bytes.length} bytes fit into no record`);
    if (this.#state !== 'connected') return [];
    return [{ type: 'send', datagram: this.#writer.record(CONTENT.applicationData, 1, bytes) }];
  }

  /** Says goodbye to a connected peer (RFC 5246, section 7.2.1) and ends. Idempotent. */
  close(): DtlsAction[] {
    this.#sayGoodbye();
    return this.#takeActions();
  }

  #handleRecord(record: DtlsRecord, now: number): void {
    if (this.#state === 'ended' || !this.#isStarted) return;
    if (record.epoch === 0) this.#handleClearRecord(record, now);
    else if (record.epoch !== 1) return;
    else if (this.#reader) this.#handleProtectedRecord(this.#reader, record, now);
    else if (
      this.#state === 'handshaking' &&
      this.#early.length < MAX_EARLY_RECORDS &&
      record.fragment.length <= MAX_EARLY_RECORD_LENGTH
    )
      this.#early.push({ ...record, fragment: Buffer.from(record.fragment) });
  }

  /** What anybody who knows both addresses could have sent. Once connected, none of it counts. */
  #handleClearRecord(record: DtlsRecord, now: number): void {
    if (this.#state === 'connected') return;
    // A ChangeCipherSpec says nothing that the epoch of the next record does not say.
    if (record.type === CONTENT.alert) this.#drop(`alert ${record.fragment[1]} in the clear`);
    if (record.type === CONTENT.handshake) this.#handleHandshakeContent(record.fragment, 0, now);
  }

  #handleProtectedRecord(reader: RecordProtection, record: DtlsRecord, now: number): void {
    if (!this.#window.accepts(record.sequenceNumber)) return;
    const content = reader.open(record);
    if (!content) return this.#drop('a record that is not under the keys of this handshake');
    this.#window.add(record.sequenceNumber);
    if (record.type === CONTENT.handshake) this.#handleHandshakeContent(content, 1, now);
    else if (record.type === CONTENT.alert) this.#handleAlert(content);
    else if (record.type === CONTENT.applicationData && this.#state === 'connected')
      this.#actions.push({ type: 'application-data', bytes: content });
  }

  #handleAlert(content: Buffer): void {
    if (content.length !== 2) return;
    const [level, description] = content;
    if (level !== FATAL && description !== ALERT.closeNotify) return;
    if (this.#state === 'handshaking') {
      this.#end();
      this.#actions.push({ type: 'failed', reason: `the peer gave up with alert ${description}` });
    } else if (description === ALERT.closeNotify) {
      this.#sayGoodbye();
    } else {
      this.#end();
      this.#actions.push({ type: 'closed' });
    }
  }

  #handleHandshakeContent(content: Buffer, epoch: Epoch, now: number): void {
    let fragments: HandshakeFragment[];
    try {
      fragments = readFragments(content);
    } catch (error) {
      if (error instanceof MalformedMessageError) return this.#drop(error.message);
      throw error;
    }
    for (const fragment of fragments) {
      // Finished is the one message under the keys; everything else comes before them.
      if ((fragment.type === HANDSHAKE.finished) !== (epoch === 1)) continue;
      if (this.#reassembler.isRepeated(fragment)) this.#handleRepeated(fragment, now);
      else this.#reassembler.add(fragment);
    }
    if (this.#state === 'new' && fragments.length > 0) this.#begin(now);
    this.#handleMessages(now);
  }

  #begin(now: number): void {
    this.#state = 'handshaking';
    this.#deadline = now + HANDSHAKE_DEADLINE_MS;
  }

  #handleMessages(now: number): void {
    while (this.#state !== 'ended') {
      const message = this.#reassembler.peek();
      if (!message) return;
      let result: HandshakeResult;
      try {
        result = this.#handshake.handle(message);
      } catch (error) {
        if (error instanceof HandshakeRefusedError) return this.#fail(error.message, error.alert);
        if (!(error instanceof MalformedMessageError)) throw error;
        this.#reassembler.discard();
        return this.#drop(error.message);
      }
      this.#reassembler.accept();
      this.#apply(result, now);
    }
  }

  #apply(result: HandshakeResult, now: number): void {
    switch (result.type) {
      case 'next':
        return;
      case 'flight':
        this.#flight = result.messages.map(inClear);
        return this.#sendFlight(now);
      case 'keys': {
        this.#reader = result.read;
        this.#writer.protect(result.write);
        if (result.flight) {
          const { messages, finished } = result.flight;
          this.#flight = [...messages.map(inClear), ...underKeys(finished)];
          this.#sendFlight(now);
        }
        const early = this.#early;
        this.#early = [];
        for (const record of early) this.#handleRecord(record, now);
        return;
      }
      case 'done':
        this.#state = 'connected';
        this.#deadline = undefined;
        this.#retransmitAt = undefined;
        this.#flight = result.finished ? underKeys(result.finished) : [];
        this.#sendFlight(now);
        this.#actions.push({
          type: 'connected',
          send: result.send,
          receive: result.receive,
          cipherSuite: result.cipherSuite,
        });
    }
  }

  /** RFC 6347, section 4.2.4: whoever repeats the last message of a flight has not got ours that answers it. */
  #handleRepeated(fragment: HandshakeFragment, now: number): void {
    const isEnd = fragment.offset + fragment.bytes.length === fragment.length;
    if (
      this.#handshake.isAskedAgainBy(fragment.type) &&
      isEnd &&
      now - this.#flightSentAt >= MIN_REPEAT_INTERVAL_MS
    )
      this.#sendFlight(now);
  }

  /** Only flights that the peer has to answer are repeated by the timer; the last one is repeated when the peer asks. */
  #sendFlight(now: number): void {
    this.#flightSentAt = now;
    if (this.#state !== 'connected') this.#retransmitAt = now + this.#retransmissionInterval;
    for (const datagram of this.#writer.flight(this.#flight)) this.#actions.push({ type: 'send', datagram });
  }

  #sayGoodbye(): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'connected')
      this.#actions.push({ type: 'send', datagram: this.#writer.alert(1, ALERT.closeNotify) });
    this.#end();
    this.#actions.push({ type: 'closed' });
  }

  #fail(reason: string, alert: number): void {
    if (this.#state === 'ended') return;
    const epoch = this.#state === 'connected' ? 1 : 0;
    this.#actions.push({ type: 'send', datagram: this.#writer.alert(epoch, alert) });
    this.#end();
    this.#actions.push({ type: 'failed', reason });
  }

  #end(): void {
    this.#state = 'ended';
    this.#deadline = undefined;
    this.#retransmitAt = undefined;
    this.#early = [];
    this.#flight = [];
  }

  #drop(what: string): void {
    this.#lastDropped = what;
  }

  #takeActions(): DtlsAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}

function inClear(message: HandshakeMessage): FlightPart {
  return { type: 'message', epoch: 0, message };
}

function underKeys(finished: HandshakeMessage): FlightPart[] {
  return [{ type: 'change-cipher-spec' }, { type: 'message', epoch: 1, message: finished }];
}
