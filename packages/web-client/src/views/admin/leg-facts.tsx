// One leg: how far it got and when, which way its media takes, how it is protected, and how well it flows.
import {
  causeTexts,
  duration,
  LEG_STEPS,
  type LegDiagnosis,
  type LegStep,
  type TracedLeg,
  type TrackDiagnosis,
} from '@parley/protocol';
import { Fragment, type ReactNode } from 'react';
import { bitrate } from '../format.ts';
import { STEPS, titleOf } from './session-words.ts';
import { LegBadge } from './verdict.tsx';

export function LegFacts({ leg }: { leg: TracedLeg }) {
  const { status, diagnosis, relayed, browserPair, roundTripMs } = leg;
  const { ice, dtls, srtp } = diagnosis ?? {};
  return (
    <li className="leg">
      <div className="leg-head">
        <h3>{titleOf(leg)}</h3>
        <LegBadge status={status} />
      </div>
      {status.cause && (
        <p className="leg-cause">
          {causeTexts[status.cause].administrator} {causeTexts[status.cause].remedy}
        </p>
      )}
      <Steps leg={leg} />
      <dl className="facts">
        <Fact name="Way">{wayOf(relayed, ice?.selected?.protocol)}</Fact>
        <Fact name="Browser’s pair">
          {browserPair && (
            <>
              <code>{browserPair.local}</code> → <code>{browserPair.remote}</code>
            </>
          )}
        </Fact>
        <Fact name="Media server’s pair">
          {ice?.selected && (
            <>
              <code>{endOf(ice.selected.localAddress, ice.selected.localPort)}</code> →{' '}
              <code>{endOf(ice.selected.remoteAddress, ice.selected.remotePort)}</code>
            </>
          )}
        </Fact>
        <Fact name="Round trip">{roundTrips(roundTripMs, diagnosis)}</Fact>
        <Fact name="DTLS">
          {dtls?.failure ??
            (dtls?.version && breakable([dtls.version, dtls.cipher].filter(Boolean).join(', ')))}
        </Fact>
        <Fact name="SRTP">{srtp?.profile && breakable(srtp.profile)}</Fact>
        <Fact name="Dropped as a flood">
          {diagnosis && diagnosis.dropped > 0 && `${diagnosis.dropped} packets`}
        </Fact>
        <Fact name="ICE restarts">{ice && ice.restarts > 0 ? ice.restarts : undefined}</Fact>
      </dl>
      {diagnosis && diagnosis.tracks.length > 0 && <Tracks tracks={diagnosis.tracks} />}
    </li>
  );
}

/** A fact that is not known is not shown. */
function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (children === null || children === undefined || children === false || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Steps({ leg: { steps, status } }: { leg: TracedLeg }) {
  const begin = steps[0]?.at;
  // The last time that each was reached: a leg may have to climb again.
  const reachedAt = new Map<LegStep, number>(steps.map(({ step, at }) => [step, at]));
  const current = LEG_STEPS.indexOf(status.step);
  return (
    <ol className="steps" aria-label="Steps">
      {LEG_STEPS.map((step, index) => {
        const at = reachedAt.get(step);
        const reached = index <= current;
        const failed = status.state === 'failed' && index === current + 1;
        const state = failed ? 'failed' : reached ? 'reached' : 'ahead';
        return (
          <li key={step} className={`step ${state}`}>
            <span className="step-name">{STEPS[step]}</span>
            <span className="step-time">
              {failed && 'not reached'}
              {reached &&
                at !== undefined &&
                begin !== undefined &&
                (at === begin ? '0' : `+${duration(at - begin)}`)}
              {!reached && !failed && <span className="visually-hidden">not yet</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Tracks({ tracks }: { tracks: readonly TrackDiagnosis[] }) {
  return (
    <div className="table-scroll">
      <table className="tracks">
        <thead>
          <tr>
            <th scope="col">Track</th>
            <th scope="col">Codec</th>
            <th scope="col">Bitrate</th>
            <th scope="col">Lost</th>
            <th scope="col">Jitter</th>
          </tr>
        </thead>
        <tbody>
          {tracks.map(({ kind, direction, codec, bitrate: rate, lost, packets, jitterMs }) => (
            <tr key={`${kind} ${direction}`}>
              <th scope="row">
                {kind === 'audio' ? 'Sound' : 'Picture'} {direction}
              </th>
              <td>{codec ?? '–'}</td>
              <td>{bitrate(rate)}</td>
              <td>{share(lost, packets)}</td>
              <td>{jitterMs === null ? '–' : duration(jitterMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function wayOf(relayed: boolean | null, protocol: 'udp' | 'tcp' | undefined): string | undefined {
  if (relayed === null) return undefined;
  const over = protocol ? `, ${protocol.toUpperCase()}` : '';
  return relayed ? `Relayed by a TURN server${over && `${over} at the media server`}` : `Direct${over}`;
}

/** A name of a cipher is long: a line may end behind each of its underscores. */
function breakable(text: string): ReactNode {
  return text.split(/(?<=_)/).map((part, index) => (
    <Fragment key={index}>
      {part}
      <wbr />
    </Fragment>
  ));
}

/** IPv6 addresses stand in brackets (RFC 3986, section 3.2.2). */
function endOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function roundTrips(browser: number | null, diagnosis: LegDiagnosis | null): string | undefined {
  const server = diagnosis?.roundTripMs ?? null;
  const told = [
    browser !== null && `${duration(browser)} by the browser`,
    server !== null && `${duration(server)} by the media server`,
  ].filter((text) => text !== false);
  return told.length > 0 ? told.join(', ') : undefined;
}

function share(lost: number, packets: number): string {
  const all = lost + packets;
  return all === 0 ? '–' : `${((100 * Math.max(0, lost)) / all).toFixed(lost > 0 ? 1 : 0)} %`;
}
