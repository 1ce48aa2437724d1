// The table of requests: one handler per message. Translates only; rooms, streams and recordings decide.
import type { RequestName, RequestParams, RequestResult } from '@parley/protocol';
import { KurentoHandler } from '../media/kurento-handler.ts';
import type { IceServers } from '../media/ice-servers.ts';
import type { StreamProcessor } from '../media/stream-processor.ts';
import type { RecordingService } from '../recordings/recording-service.ts';
import { Refusal } from '../refusal.ts';
import type { Attendance } from '../rooms/attendance.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Browser } from './browser.ts';

export type Handlers = {
  readonly [Name in RequestName]: (params: RequestParams<Name>) => Promise<RequestResult<Name>>;
};

export interface HandlerParts {
  attendance: Attendance;
  streams: StreamProcessor;
  recordings: RecordingService;
  iceServers: IceServers;
}

export function createHandlers(
  { attendance, streams, recordings, iceServers }: HandlerParts,
  browser: Browser,
): Handlers {
  const media = new KurentoHandler({
    streams,
    tests: browser.tests,
    pathChecks: browser.pathChecks,
    iceServers,
    participant: () => browser.participant,
  });
  const self = (): Participant => {
    if (!browser.participant) throw Refusal.notInARoom();
    return browser.participant;
  };
  return {
    join: async (params) => {
      if (browser.participant) throw new Refusal('already-in-a-room', 'leave the other room first');
      const joined = await attendance.join(params, browser, () => browser.connected);
      if (!joined) throw Refusal.invalidMessage('the connection is closed');
      browser.participant = joined.participant;
      return joined.result;
    },
    leave: async () => {
      const participant = self();
      browser.participant = undefined;
      await attendance.leave(participant, 'left');
      return {};
    },
    ping: () => Promise.resolve({}),
    renewIceServers: () => media.renewIceServers(),
    requestBroadcast: (params) => media.requestBroadcast(params),
    startBroadcast: (params) => media.startBroadcast(params),
    stopBroadcast: (params) => media.stopBroadcast(params),
    setMuted: (params) => media.setMuted(params),
    watch: (params) => media.watch(params),
    unwatch: (params) => media.unwatch(params),
    restartIce: (params) => media.restartIce(params),
    addCandidate: (params) => media.addCandidate(params),
    reportLeg: (params) => media.reportLeg(params),
    reportTrace: (params) => media.reportTrace(params),
    requestTest: () => media.requestTest(),
    startTestRecord: (params) => media.startTestRecord(params),
    startTestPlayback: (params) => media.startTestPlayback(params),
    stopTest: () => media.stopTest(),
    startPathCheck: (params) => media.startPathCheck(params),
    stopPathCheck: () => media.stopPathCheck(),
    startRecording: async () => {
      const participant = self();
      return recordings.start(participant.room, participant);
    },
    stopRecording: async () => {
      await recordings.stop(self().room);
      return {};
    },
  };
}
