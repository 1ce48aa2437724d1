// The choice of one camera or one microphone.
import type { DeviceState } from '../call/local-devices.ts';

export function DeviceSelect({
  label,
  state,
  onChoose,
}: {
  label: 'Camera' | 'Microphone';
  state: DeviceState;
  onChoose: (id: string) => void;
}) {
  const { choices, chosen } = state;
  return (
    <label className="field">
      {label}
      <select
        value={chosen}
        disabled={choices.length === 0}
        onChange={(event) => onChoose(event.target.value)}
      >
        {choices.length === 0 && <option value={chosen}>{state.opening ? 'Waiting…' : 'None'}</option>}
        {choices.map(({ id, label: name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
