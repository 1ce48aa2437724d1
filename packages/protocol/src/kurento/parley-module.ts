// What Parley's media server has and the original has not, as the Kurento module `parley`: operations added to classes of
// the original, and their types. Clients of the original know none of it and are not disturbed by it.
import type { ComplexTypeDeclaration, EnumDeclaration, MethodDeclaration } from './declarations.ts';

/** The module's name in `getInfo`, where a client sees that it is there, and in `__module__` of its values. */
export const PARLEY_MODULE = 'parley';

/** By the name of the class that has them. */
export const parleyMethods: Readonly<Record<string, readonly MethodDeclaration[]>> = {
  WebRtcEndpoint: [
    {
      name: 'restartIce',
      params: [
        { name: 'offer', type: 'String' },
        { name: 'via', type: 'RestartVia', optional: true, default: 'any' },
      ],
      returns: 'String',
      supported: true,
    },
    { name: 'getDiagnosis', params: [], returns: 'LegDiagnosis', supported: true },
  ],
};

export const parleyEnums: readonly EnumDeclaration[] = [{ name: 'RestartVia', values: ['any', 'tcp'] }];

/** As the schemas in leg-diagnosis.ts say it; a test holds the two together. */
export const parleyTypes: readonly ComplexTypeDeclaration[] = [
  {
    name: 'LegDiagnosis',
    fields: [
      { name: 'ice', type: 'IceDiagnosis' },
      { name: 'dtls', type: 'DtlsDiagnosis' },
      { name: 'srtp', type: 'SrtpDiagnosis' },
      { name: 'roundTripMs', type: 'double' },
      { name: 'dropped', type: 'int64' },
      { name: 'tracks', type: 'TrackDiagnosis[]' },
    ],
  },
  {
    name: 'IceDiagnosis',
    fields: [
      { name: 'state', type: 'String' },
      { name: 'selected', type: 'SelectedPath' },
      { name: 'restarts', type: 'int' },
    ],
  },
  {
    name: 'SelectedPath',
    fields: [
      { name: 'protocol', type: 'String' },
      { name: 'localAddress', type: 'String' },
      { name: 'localPort', type: 'int' },
      { name: 'remoteAddress', type: 'String' },
      { name: 'remotePort', type: 'int' },
    ],
  },
  {
    name: 'DtlsDiagnosis',
    fields: [
      { name: 'state', type: 'String' },
      { name: 'version', type: 'String' },
      { name: 'cipher', type: 'String' },
      { name: 'failure', type: 'String' },
    ],
  },
  { name: 'SrtpDiagnosis', fields: [{ name: 'profile', type: 'String' }] },
  {
    name: 'TrackDiagnosis',
    fields: [
      { name: 'kind', type: 'String' },
      { name: 'direction', type: 'String' },
      { name: 'codec', type: 'String' },
      { name: 'packets', type: 'int64' },
      { name: 'bytes', type: 'int64' },
      { name: 'lost', type: 'int64' },
      { name: 'jitterMs', type: 'double' },
      { name: 'bitrate', type: 'double' },
    ],
  },
];
