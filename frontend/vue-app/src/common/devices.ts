/** The devices of children. `docs/devices.md` explains them. */

/** The codes of a device that has asked for a session. */
export interface DeviceCodes {
  /** The secret with which the device asks for its session. */
  device_code: string;
  /** What the device shows: `WDJB-MJHT`. */
  user_code: string;
  /** The address of the page on which a parent enters the code. */
  verification_uri: string;
  /** The same address with the code. */
  verification_uri_complete: string;
  /** A QR code of that address: an SVG image. */
  qr_svg: string;
  expires_at: string;
  /** The seconds until then. */
  expires_in: number;
  /** The seconds between two requests for the session. */
  interval: number;
}

/** A device that shows a code. */
export interface WaitingDevice {
  device_name: string;
  expires_at: string;
}

/** A device of a child. */
export interface Device {
  /** Identifies the device. It does not give access to anything. */
  id: string;
  name: string;
  child_id: string;
  /** Whether it has not fetched its session yet. */
  is_waiting: boolean;
  created_at: string;
  /** Accurate to an hour. */
  last_used_at: string;
  /** When its session ends if it is not used again. */
  expires_at: string;
}

/** A child that shares a device. */
export interface DeviceChild {
  id: string;
  name: string;
  image_id: string | null;
  /** Whether the requests of the device are those of this child. */
  is_current: boolean;
  /** Whether the device needs a PIN to become this child's. */
  has_pin: boolean;
}

/** The children that share a device. */
export interface DeviceChildren {
  children: DeviceChild[];
}

/** Whether a child has a PIN. */
export interface PinState {
  has_pin: boolean;
}
