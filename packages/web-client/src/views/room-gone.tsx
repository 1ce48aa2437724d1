// For a link whose room does not exist.
import { MessagePage } from './message-page.tsx';
import { NewRoomButton } from './new-room-button.tsx';

export function RoomGone() {
  return (
    <MessagePage
      title="This room is not there"
      text="It does not exist, or not any more. Ask whoever invited you for a new link, or open a room yourself."
    >
      <NewRoomButton />
    </MessagePage>
  );
}
