"""Who the patient is: age, sex, pregnancy, lactation, smoking, alcohol."""
