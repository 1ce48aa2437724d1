// The classes of the Kurento module "filters", as data: listed so that a client learns that they are not available.
import type { ClassDeclaration } from './declarations.ts';

export const filtersClasses: readonly ClassDeclaration[] = [
  {
    name: 'FaceOverlayFilter',
    extends: 'Filter',
    abstract: false,
    supported: false,
    constructorParams: [{ name: 'mediaPipeline', type: 'MediaPipeline', supported: false }],
    properties: [],
    methods: [
      { name: 'unsetOverlayedImage', params: [], supported: false },
      {
        name: 'setOverlayedImage',
        params: [
          { name: 'uri', type: 'String' },
          { name: 'offsetXPercent', type: 'float' },
          { name: 'offsetYPercent', type: 'float' },
          { name: 'widthPercent', type: 'float' },
          { name: 'heightPercent', type: 'float' },
        ],
        supported: false,
      },
    ],
    events: [],
  },
  {
    name: 'GStreamerFilter',
    extends: 'Filter',
    abstract: false,
    supported: false,
    constructorParams: [
      { name: 'mediaPipeline', type: 'MediaPipeline', supported: false },
      { name: 'command', type: 'String', supported: false },
      { name: 'filterType', type: 'FilterType', optional: true, default: 'AUTODETECT', supported: false },
    ],
    properties: [{ name: 'command', type: 'String', access: 'readOnly', supported: false }],
    methods: [
      {
        name: 'setElementProperty',
        params: [
          { name: 'propertyName', type: 'String' },
          { name: 'propertyValue', type: 'String' },
        ],
        supported: false,
      },
    ],
    events: [],
  },
  {
    name: 'ImageOverlayFilter',
    extends: 'Filter',
    abstract: false,
    supported: false,
    constructorParams: [{ name: 'mediaPipeline', type: 'MediaPipeline', supported: false }],
    properties: [],
    methods: [
      { name: 'removeImage', params: [{ name: 'id', type: 'String' }], supported: false },
      {
        name: 'addImage',
        params: [
          { name: 'id', type: 'String' },
          { name: 'uri', type: 'String' },
          { name: 'offsetXPercent', type: 'float' },
          { name: 'offsetYPercent', type: 'float' },
          { name: 'widthPercent', type: 'float' },
          { name: 'heightPercent', type: 'float' },
          { name: 'keepAspectRatio', type: 'boolean' },
          { name: 'center', type: 'boolean' },
        ],
        supported: false,
      },
    ],
    events: [],
  },
  {
    name: 'OpenCVFilter',
    extends: 'Filter',
    abstract: true,
    supported: false,
    constructorParams: [],
    properties: [],
    methods: [],
    events: [],
  },
  {
    name: 'ZBarFilter',
    extends: 'Filter',
    abstract: false,
    supported: false,
    constructorParams: [{ name: 'mediaPipeline', type: 'MediaPipeline', supported: false }],
    properties: [],
    methods: [],
    events: [{ name: 'CodeFound', supported: false }],
  },
];
