import { z } from "zod";

export const UiPath = z.object({ graph: z.string().min(1).max(200) });
export const UiFilePath = UiPath.extend({ file: z.string().min(1).max(200) });
/** `name` of a component. */
export const UiRequest = z.object({ name: z.string().min(1).max(200) });
