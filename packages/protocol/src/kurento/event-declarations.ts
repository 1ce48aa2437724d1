// The events of the Kurento model with their fields, as data. `events.ts` holds the schemas for clients.
import type { EventDeclaration } from './declarations.ts';

export const eventDeclarations: readonly EventDeclaration[] = [
  {
    name: 'RaiseBase',
    fields: [
      { name: 'source', type: 'MediaObject' },
      { name: 'timestampMillis', type: 'String' },
      { name: 'tags', type: 'Tag[]' },
    ],
  },
  {
    name: 'Error',
    extends: 'RaiseBase',
    fields: [
      { name: 'description', type: 'String' },
      { name: 'errorCode', type: 'int' },
      { name: 'type', type: 'String' },
    ],
  },
  { name: 'MediaSessionTerminated', extends: 'Media', fields: [] },
  { name: 'MediaSessionStarted', extends: 'Media', fields: [] },
  { name: 'Media', extends: 'RaiseBase', fields: [{ name: 'type', type: 'String' }] },
  { name: 'ObjectCreated', extends: 'RaiseBase', fields: [{ name: 'object', type: 'MediaObject' }] },
  { name: 'ObjectDestroyed', extends: 'RaiseBase', fields: [{ name: 'objectId', type: 'String' }] },
  {
    name: 'MediaStateChanged',
    extends: 'Media',
    fields: [
      { name: 'oldState', type: 'MediaState' },
      { name: 'newState', type: 'MediaState' },
    ],
  },
  {
    name: 'ConnectionStateChanged',
    extends: 'Media',
    fields: [
      { name: 'oldState', type: 'ConnectionState' },
      { name: 'newState', type: 'ConnectionState' },
    ],
  },
  {
    name: 'MediaFlowOutStateChanged',
    extends: 'Media',
    fields: [
      { name: 'state', type: 'MediaFlowState' },
      { name: 'padName', type: 'String' },
      { name: 'mediaType', type: 'MediaType' },
    ],
  },
  {
    name: 'MediaFlowInStateChanged',
    extends: 'Media',
    fields: [
      { name: 'state', type: 'MediaFlowState' },
      { name: 'padName', type: 'String' },
      { name: 'mediaType', type: 'MediaType' },
    ],
  },
  {
    name: 'MediaTranscodingStateChanged',
    extends: 'Media',
    fields: [
      { name: 'state', type: 'MediaTranscodingState' },
      { name: 'binName', type: 'String' },
      { name: 'mediaType', type: 'MediaType' },
    ],
  },
  {
    name: 'ElementConnected',
    extends: 'Media',
    fields: [
      { name: 'sink', type: 'MediaElement' },
      { name: 'mediaType', type: 'MediaType' },
      { name: 'sourceMediaDescription', type: 'String' },
      { name: 'sinkMediaDescription', type: 'String' },
    ],
  },
  {
    name: 'ElementDisconnected',
    extends: 'Media',
    fields: [
      { name: 'sink', type: 'MediaElement' },
      { name: 'mediaType', type: 'MediaType' },
      { name: 'sourceMediaDescription', type: 'String' },
      { name: 'sinkMediaDescription', type: 'String' },
    ],
  },
  {
    name: 'UriEndpointStateChanged',
    extends: 'Media',
    fields: [{ name: 'state', type: 'UriEndpointState' }],
  },
  { name: 'EndOfStream', extends: 'Media', fields: [] },
  { name: 'Recording', extends: 'Media', fields: [] },
  { name: 'Paused', extends: 'Media', fields: [] },
  { name: 'Stopped', extends: 'Media', fields: [] },
  { name: 'OnKeySoftLimit', extends: 'Media', fields: [{ name: 'mediaType', type: 'MediaType' }] },
  { name: 'IceCandidateFound', extends: 'Media', fields: [{ name: 'candidate', type: 'IceCandidate' }] },
  { name: 'IceGatheringDone', extends: 'Media', fields: [] },
  {
    name: 'IceComponentStateChanged',
    extends: 'Media',
    fields: [
      { name: 'streamId', type: 'int' },
      { name: 'componentId', type: 'int' },
      { name: 'state', type: 'IceComponentState' },
    ],
  },
  {
    name: 'DtlsConnectionStateChange',
    extends: 'Media',
    fields: [
      { name: 'streamId', type: 'String' },
      { name: 'componentId', type: 'String' },
      { name: 'connectionId', type: 'String' },
      { name: 'state', type: 'DtlsConnectionState' },
    ],
  },
  { name: 'DataChannelOpened', extends: 'Media', fields: [{ name: 'channelId', type: 'int' }] },
  { name: 'DataChannelClosed', extends: 'Media', fields: [{ name: 'channelId', type: 'int' }] },
  {
    name: 'NewCandidatePairSelected',
    extends: 'Media',
    fields: [{ name: 'candidatePair', type: 'IceCandidatePair' }],
  },
  {
    name: 'CodeFound',
    extends: 'Media',
    fields: [
      { name: 'codeType', type: 'String' },
      { name: 'value', type: 'String' },
    ],
  },
];
