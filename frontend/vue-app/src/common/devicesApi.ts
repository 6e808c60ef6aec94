/** Calls about the devices of children. */

import type { CallOptions, MutationOptions, Paging } from "./apiOptions";
import { ApiError, at } from "./client";
import type { Device, DeviceChildren, DeviceCodes, PinState, WaitingDevice } from "./devices";
import type { DeviceList } from "./lists";
import type { Session } from "./models";
import { SchedulesApi } from "./schedulesApi";

/** The calls about the devices of children. */
export class DevicesApi extends SchedulesApi {
  /** For a device: the codes that it shows, and with which it asks for its session. */
  deviceCodes(deviceName: string, options?: CallOptions): Promise<DeviceCodes> {
    const body = { device_name: deviceName };
    return this.request("POST", "/auth/device-codes", { ...options, body });
  }

  /** For a device: its session, or null until a parent has confirmed it. Ask again after `interval` seconds. */
  async deviceSession(deviceCode: string, options?: CallOptions): Promise<Session | null> {
    const body = { device_code: deviceCode };
    try {
      return await this.request("POST", "/auth/device-token", { ...options, body });
    } catch (error) {
      if (error instanceof ApiError && error.code === "AUTHORIZATION_PENDING") return null;
      throw error;
    }
  }

  /** For a device: the children that share it. */
  deviceChildren(options?: CallOptions): Promise<DeviceChildren> {
    return this.request("GET", "/auth/device-children", options);
  }

  /** For a device: its requests are those of this child from now on. The PIN is that of the child, if it has one. */
  chooseDeviceChild(childId: string, pin?: string, options?: CallOptions): Promise<Session> {
    const body = { child_id: childId, pin };
    return this.request("POST", "/auth/device-child", { ...options, body });
  }

  /** Whether a child has a PIN. */
  pinState(childId: string, options?: CallOptions): Promise<PinState> {
    return this.request("GET", at`/children/${childId}/pin`, options);
  }

  /** Sets the PIN of a child: four to eight digits. */
  setPin(childId: string, pin: string, options?: CallOptions): Promise<void> {
    return this.request("PUT", at`/children/${childId}/pin`, { ...options, body: { pin } });
  }

  removePin(childId: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/children/${childId}/pin`, options);
  }

  /** The device that shows a code, for a parent who is about to confirm it. */
  inspectDeviceCode(userCode: string, options?: CallOptions): Promise<WaitingDevice> {
    const body = { user_code: userCode };
    return this.request("POST", "/device-codes/inspect", { ...options, body });
  }

  /** Confirms the device that shows a code, for a child. */
  pairDevice(
    childId: string,
    userCode: string,
    options?: MutationOptions,
  ): Promise<{ device: Device }> {
    return this.create(at`/children/${childId}/devices`, { user_code: userCode }, options);
  }

  /** The devices of a child, the most recently used first. */
  devices(childId: string, page: Paging = {}, options?: CallOptions): Promise<DeviceList> {
    return this.request("GET", at`/children/${childId}/devices`, { ...options, query: page });
  }

  /** Ends the session of a device. */
  removeDevice(childId: string, deviceId: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/children/${childId}/devices/${deviceId}`, options);
  }
}
