// The statistics of data channels in Kurento's shape: one entry per channel, and one that counts them all.
import type { StatsRecord } from '../elements/element-stats.ts';
import type { DataChannels } from './data-channels.ts';

/** `sessionId`: names the entry of all of them. */
export function dataChannelStats(sessionId: string, channels: DataChannels): StatsRecord[] {
  const timestampMillis = Date.now();
  const records = channels.all.map((channel): StatsRecord => ({
    __type__: 'RTCDataChannelStats',
    id: channel.statsId,
    type: 'datachannel',
    timestampMillis,
    label: channel.parameters.label,
    protocol: channel.parameters.protocol,
    datachannelid: channel.id,
    state: channel.state,
    messagesSent: channel.messagesSent,
    bytesSent: channel.bytesSent,
    messagesReceived: channel.messagesReceived,
    bytesReceived: channel.bytesReceived,
  }));
  const { opened, closed } = channels.counts;
  const session: StatsRecord = {
    __type__: 'RTCPeerConnectionStats',
    id: sessionId,
    type: 'session',
    timestampMillis,
    dataChannelsOpened: opened,
    dataChannelsClosed: closed,
  };
  return [...records, session];
}
