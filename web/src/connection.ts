// Whether the service answers; while it does not, it is asked again and again, and its return is told.

import { useEffect, useState } from "preact/hooks";
import type { Service } from "./service/service";

const AGAIN_MS = 2000;

/**
 * The number of returns of the service, which is what questions that failed are asked anew by.
 *
 * `isOut`: some question had no answer. It is asked whether the service is ready until it is.
 */
export function useReturns(service: Service, isOut: boolean): number {
  const [returns, setReturns] = useState(0);
  useEffect(() => {
    if (!isOut) return;
    const controller = new AbortController();
    const timer = window.setInterval(async () => {
      if (await service.isReady(controller.signal)) setReturns((before) => before + 1);
    }, AGAIN_MS);
    return () => {
      controller.abort();
      window.clearInterval(timer);
    };
  }, [service, isOut]);
  return returns;
}
